#include <kettle/io/io_wait.hpp>

#include "core/home.hpp"

#include <cerrno>

namespace kettle::inline KETTLE_ABI::detail {

bool io_wait::begin_request() noexcept {
  backend& io = who().at_->io();
  do {
    if (!io.try_now(*this)) {
      in_kernel_ = true;
      io.submit(*this);
      return false;
    }
  } while (!step());
  return true;
}

void io_wait::cancel() noexcept {
  if (!in_kernel_ || asked_) return;
  asked_ = true;
  who().at_->io().cancel(*this);
}

bool io_wait::was_closed() const noexcept { return result == -ECANCELED && !asked_; }

void io_wait::completed(io_request& r) noexcept {
  auto& self = static_cast<io_wait&>(r);
  self.in_kernel_ = false;
  bool over = r.result == -ECANCELED || self.step();
  if (!over && !self.asked_) over = self.begin_request();
  if (self.in_kernel_ || (over && self.pauses())) return;
  self.finish_wait(over && !(r.result == -ECANCELED && self.asked_) ? claim::granted
                                                                    : claim::cancelled);
}

void io_wait::finish_wait(claim how) noexcept {
  ended();
  take(how);
  if (how == claim::granted)
    granted();
  else
    make_ready(who());
}

}  // namespace kettle::inline KETTLE_ABI::detail
