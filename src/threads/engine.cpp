#include "threads/engine.hpp"

#include "core/following_scope.hpp"
#include "core/home.hpp"

#include <kettle/base/error.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI {

void engine::launch(placed_child_base& c) {
  bool runs = c.begin_remote(*this);
  queue_ticket& t = c.ticket();
  if (runs && is_ours() && start(t)) return;
  if (runs) refuse(t, error_pointer<usage_error>(refusal()));
  t.drop();
}

void engine::refuse(queue_ticket& t, std::exception_ptr error) noexcept {
  placed_child_base* c = t.take();
  if (!c) return;
  c->fail(std::move(error));
  c->end_unrun();
}

// Each is asleep before it says so: the last one finds all others asleep, or one that mail has
// reached and that will say so again.
bool engine::gets_stuck(home& h) noexcept {
  spin_guard here(stuck_lock_);
  h.next_stuck = std::exchange(stuck_, &h);
  if (++stuck_count_ < width()) return false;
  for (home* s = stuck_; s; s = s->next_stuck)
    if (!s->sleeps()) return false;
  for (home* s = stuck_; s; s = s->next_stuck) {
    if (!s->could_give_up()) continue;
    if (s == &h) return true;
    s->tell_to_give_up();
    return false;
  }
  return false;
}

void engine::goes_on(home& h) noexcept {
  spin_guard here(stuck_lock_);
  home** at = &stuck_;
  while (*at != &h) at = &(*at)->next_stuck;
  *at = h.next_stuck;
  stuck_count_--;
}

void engine::run(queue_ticket& t) noexcept {
  placed_child_base* c = t.take();
  t.drop();
  if (c) c->run_remote();
}

void engine::discard(queue_ticket& t) noexcept {
  placed_child_base* c = t.take();
  t.drop();
  if (c) c->end_unrun();
}

void engine::asked::thread_begins(home& here) noexcept {
  home_ = &here;
  if (word_.runs()) delivered_ = true;  // asked before we were there: no note comes
}

void engine::asked::thread_ends(home& here) noexcept {
  if (word_.finishes()) here.run_until(delivered_);
}

void engine::asked::ask() noexcept {
  if (word_.ask() == job_word::stage::running) post(*home_, note_);
}

void engine::asked::cancel_note::deliver(mail& m) noexcept {
  asked& self = static_cast<cancel_note&>(m).self;
  self.delivered_ = true;
  for (home::active_root* r = self.home_->active_roots; r; r = r->outer)
    r->scope.cancel("its pool was closed");
}

}  // namespace kettle::inline KETTLE_ABI
