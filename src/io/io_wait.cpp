#include <kettle/io/io_wait.hpp>

#include "core/home.hpp"

#include <cerrno>

namespace kettle::inline KETTLE_ABI::detail {

bool io_wait::begin_request() {
  backend& io = who().at_->io();
  do {
    if (!io.try_now(*this)) break;
    spend_moved();
    if (step()) return true;
  } while (!turn_is_over());  // the rest after the others had theirs
  in_kernel_ = true;
  io.submit(*this);
  return false;
}

void io_wait::spend_moved() noexcept {
  bool moves = kind == io_kind::recv || kind == io_kind::send || kind == io_kind::read ||
               kind == io_kind::write;
  if (moves && result > 0) spend_bytes(std::size_t(result));
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
  self.spend_moved();
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
