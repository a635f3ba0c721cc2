#include <kettle/core/sleep.hpp>

#include "core/home.hpp"

#include <kettle/core/scope.hpp>

namespace kettle::inline KETTLE_ABI {

bool sleep_operation::start() {
  home& at = *who().at_;
  time_point when{duration(when_)};
  if (relative_) {
    if (when_ <= 0 && !in_group_) {  // still a turn through the ready list: sleep_for(0) gives way
      take(claim::granted);
      at.give_way(who());
      return false;
    }
    when = after(at.now(), duration(when_));
  }
  if (when != never) at.arm(*this, when);
  return false;
}

void sleep_operation::unlink() noexcept { who().at_->disarm(*this); }

void sleep_operation::fire(timer& t) noexcept {
  auto& self = static_cast<sleep_operation&>(t);
  if (self.grant()) self.granted();
}

void yield_operation::get() {
  context* c = tls.current;
  if (!c || !c->can_block() || is_cancelled(*c)) [[unlikely]]
    return operation::get();
  c->at_->give_way(*c);
  park_here(*c);
}

bool yield_operation::start() {
  take(claim::granted);
  who().at_->give_way(who());
  return false;
}

}  // namespace kettle::inline KETTLE_ABI
