#include <kettle/base/assert.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/tasks.hpp>

#include "core/home.hpp"

#include <cstring>
#include <memory>
#include <utility>

namespace kettle::inline KETTLE_ABI {

void nursery::open(context& owner) {
  owner_ = &owner;
  scope_.enter(owner);
  scope_.children_of = this;
}

void nursery::check_open() const {
  if (tls.at != owner_->at_)
    throw usage_error(
        "start: this nursery is another thread's, and children are started in it there");
  if (closed_) throw usage_error("start: this nursery has closed");
}

void nursery::adopt(child_base& c, const detail::start_options& o, bool refers_to_body) {
  std::unique_ptr<child_base> mine(&c);
  check_open();
  if (refers_to_body)
    throw usage_error(
        "this child refers to a local of its nursery's body, which ends before its children do: "
        "declare it before with_nursery, or give it as an argument");
  // One that comes too late, into a cancelled nursery, is cancelled before its first step.
  bool outlasts = o.service && !scope_.effectively_cancelled();
  if (outlasts && !services_scope_) {
    auto made = std::make_unique<cancel_scope>();
    made->shield(true);
    made->open_under(&scope_, at());
    services_scope_ = made.release();
  }
  c.label_ = detail::label_for(o);
  mine.release();  // NOLINT: the scope's, which holds it now
  c.nursery_ = this;
  c.keeps_error_ = o.keeps_error;
  c.as_outcome_ = o.as_outcome;
  c.service_ = o.service;
  (outlasts ? *services_scope_ : scope_).add(c);
  ++(o.service ? services_ : children_);
}

bool nursery::body_holds_one_of(const void* words, std::size_t bytes) const noexcept {
  if (!body_at_) return false;
  const char* low = body_low_;
  if (!low) {
    if (tls.current != body_at_) return false;  // on another stack
    low = static_cast<const char*>(__builtin_frame_address(0));
  }
  for (std::size_t at = 0; at + sizeof(low) <= bytes; at += sizeof(low)) {
    const char* word;
    std::memcpy(static_cast<void*>(&word), static_cast<const char*>(words) + at, sizeof word);
    if (word >= low && word < body_high_) return true;
  }
  return false;
}

void nursery::child_failed(std::exception_ptr e) noexcept {
  errors_.add(std::move(e));
  scope_.cancel("a child failed");
}

void nursery::failed_at(const child_base& c, const std::source_location& where) noexcept {
  if (!errors_.empty() || !first_failed_.empty()) return;
  try {
    std::string text = std::string("task ") + (c.name() ? c.name() : "without a name");
    if (where.line())
      text += std::string(", at ") + where.file_name() + ":" + std::to_string(where.line());
    first_failed_ = std::move(text);
  } catch (...) {  // no memory for it: the error itself is more important
  }
}

void nursery::body_failed(std::exception_ptr e) noexcept {
  if (ending_of(e) == ending::cancelled) {
    saw_cancelled_ = true;
    stray_ = !is_cancelled(*owner_);  // nobody cancelled us: it comes from a future, and goes on up
    scope_.cancel(cancel_reason(*owner_));  // a body that was cancelled leaves nobody behind
  } else {
    child_failed(std::move(e));
  }
}

void nursery::body_ended() noexcept {
  body_ended_ = true;
  body_gone_with(*owner_);
  if (children_ == 0 && services_ > 0) services_are_left();
}

void nursery::services_are_left() noexcept {
  if (services_scope_) services_scope_->cancel("only services are left");
}

void nursery::child_was_cancelled(bool service) noexcept {
  bool its_turn = service && services_scope_ && services_scope_->cancel_called();
  if (!its_turn) saw_cancelled_ = true;
}

void nursery::child_gone(bool service) noexcept {
  --(service ? services_ : children_);
  if (children_ > 0 || !body_ended_) return;
  if (services_ > 0)
    services_are_left();
  else if (joiner_ && joiner_->grant())
    closed_ = true, std::exchange(joiner_, nullptr)->granted();
}

bool nursery::join_operation::start() {
  if (tls.at->takes_jobs_from())  // from now on we wait for them, and may run those that are queued
    for (context* c = nursery_.scope_.first_member(); c; c = c->scope_next_)
      if (c != nursery_.owner_) static_cast<child_base*>(c)->awaited(&who());
  while (tls.current == &tls.at->thread() && placed_child_base::help_queued(tls.at->thread()))
    who().at_->take_mail();  // the one we ran may be gone now
  who().waiting_ = this;
  if (nursery_.children_ + nursery_.services_ == 0) return nursery_.closed_ = true;
  nursery_.joiner_ = this;
  return false;
}

void nursery::cancel_after(any_duration grace) noexcept {
  if (scope_.ask_to_drain(grace)) return;
  closing_ = true;
  scope_.cancel_after(grace);
  for (detail::closing_scope* s = until_closing_.front(); s; s = until_closing_.next(*s))
    s->scope.cancel("the nursery is closing");
}

detail::closing_scope::closing_scope(nursery& n) noexcept : nursery_(n) {
  n.until_closing_.push_back(*this);
  if (n.closing_) scope.cancel("the nursery is closing");
}

detail::closing_scope::~closing_scope() { nursery_.until_closing_.remove(*this); }

nursery::result nursery::leave() {
  closed_ = true;
  if (services_scope_) services_scope_->close();
  delete std::exchange(services_scope_, nullptr);
  bool own = scope_.absorbs();  // cancelled by itself, and by nothing outside
  scope_.exit();
  return {errors_.take(), saw_cancelled_ && (!own || stray_), std::move(first_failed_)};
}

void nursery::close() {
  result r = leave();
  if (!r.errors.empty()) throw error_group(std::move(r.errors));
  if (r.cancelled) throw cancelled{cancel_reason(*owner_)};
}

}  // namespace kettle::inline KETTLE_ABI
