#include "core/face.hpp"

#include "core/home.hpp"
#include "sys/process.hpp"
#include "sys/thread.hpp"

#include <kettle/core/frame.hpp>
#include <kettle/core/scope.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // both compilers know it of all our classes

namespace kettle::inline KETTLE_ABI {

namespace {

constinit home_face::list faces;

}  // namespace

home_face::list& home_face::all() noexcept { return faces; }

home_face::home_face(home& h) noexcept : at_(h), note_(*this) {
  if (detail::seam::exploring()) return;  // nobody looks there
  static const bool forks = sys::at_fork(before_fork, in_parent, in_child);
  (void)forks;
  thread_id_ = sys::thread_id();
  spin_guard here(faces.lock);
  next_ = faces.first;
  if (next_) next_->prev_ = this;
  faces.first = this;
  listed_ = true;
}

void home_face::leave() noexcept {
  if (!listed_) return;
  spin_guard here(faces.lock);
  if (!std::exchange(listed_, false)) return;  // not in this process: it has forked
  (prev_ ? prev_->next_ : faces.first) = next_;
  if (next_) next_->prev_ = prev_;
}

// The child has one thread, and of all homes that one's.
void home_face::before_fork() noexcept { faces.lock.lock(); }
void home_face::in_parent() noexcept { faces.lock.unlock(); }
void home_face::in_child() noexcept {
  for (home_face* f = faces.first; f; f = f->next_) f->listed_ = false;
  faces.asking = nullptr;
  faces.first = tls.at ? &tls.at->face() : nullptr;
  if (home_face* mine = faces.first) {
    mine->prev_ = mine->next_ = nullptr;
    mine->listed_ = true;
    mine->thread_id_ = sys::thread_id();
  }
  faces.lock.unlock();
}

void home_face::forget(const detail::text_block* label) noexcept {
  spin_guard here(lock_);
  if (running_.load(relaxed) == label) runs(nullptr);
}

detail::text_block* home_face::carry(context& thread, detail::text_block* label) noexcept {
  if (!label && !thread.label_) {
    runs(nullptr);
    return nullptr;
  }
  spin_guard here(lock_);
  runs(label);
  return std::exchange(thread.label_, label);
}

void home_face::relabel(context& c, detail::text_block* label) noexcept {
  spin_guard here(lock_);
  runs(label);
  c.label_ = label;
}

void home_face::ask() noexcept {
  // acq_rel, as in deliver(): either it is posted again, or what was written before is seen there.
  if (!posted_.exchange(true, acq_rel)) at_.post(note_);
}

void home_face::note::deliver(mail& m) noexcept {
  home_face& f = static_cast<note&>(m).face;
  f.posted_.exchange(false, acq_rel);
  home_answers(f.at_, f.prints_.exchange(false, relaxed));
}

bool home_face::try_running(char* to, std::size_t& room) noexcept {
  if (!lock_.try_lock()) return false;
  detail::text_block* label = running_.load(relaxed);
  room = label ? std::min<std::size_t>(room, label->size) : 0;
  if (room > 0) std::memcpy(to, label->text(), room);
  lock_.unlock();
  return room > 0;
}

std::string_view home_face::label_of(const context& c, char* to, std::size_t room) noexcept {
  spin_guard here(lock_);
  if (!c.label_) return {};
  room = std::min<std::size_t>(room, c.label_->size);
  std::memcpy(to, c.label_->text(), room);
  return {to, room};
}

// For tools/gdb/kettle_gdb.py, which reads a program that does not run: where things are. Its
// version changes whenever this table does.
struct debugger_view {
  std::uint32_t version = 1;
  const home_face::list* faces_at = &faces;
  std::uint32_t offsets[26] = {
      sizeof(detail::text_block),
      offsetof(detail::text_block, number),
      offsetof(detail::text_block, number) + sizeof(std::uint64_t),  // size: it has no address
      offsetof(home_face, next_),
      offsetof(home_face, at_),
      offsetof(home_face, thread_id_),
      offsetof(home_face, resting_),
      offsetof(home_face, running_),
      offsetof(home_face::list, first),
      offsetof(home, root_scopes),
      offsetof(home, base_),
      offsetof(context, kind_),
      offsetof(context, label_),
      offsetof(context, frame_),
      offsetof(context, waiting_),
      offsetof(context, scope_next_),
      offsetof(cancel_scope, members_),
      offsetof(cancel_scope, first_child_),
      offsetof(cancel_scope, next_),
      offsetof(cancel_scope, parent_),
      offsetof(cancel_scope, effective_),
      offsetof(cancel_scope, cause_),
      offsetof(cancel_scope, reason_) + offsetof(shared_text, text_),
      2 * sizeof(void*),  // from a coroutine's frame to its promise
      offsetof(frame_base, continuation),
      offsetof(frame_base, where),
  };
};

}  // namespace kettle::inline KETTLE_ABI

extern "C" {
[[gnu::visibility("default")]] extern const kettle::debugger_view kettle_v0_layout;
[[gnu::used]] const kettle::debugger_view kettle_v0_layout;
}

#pragma GCC diagnostic pop
