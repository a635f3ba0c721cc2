#pragma once
// A nursery owns its children: the scope it stands in ends when all of them have ended. One failure
// cancels the rest; every error arrives, in one error_group.
//
//   co_await with_nursery([&](nursery& n) {              // see forms.hpp
//     auto page = n.start(fetch, url);                   // on this loop: gives a future
//     n.start(on_thread, count, std::move(text));        // anywhere else: the same line
//   });
//
// A child may refer only to what was declared before with_nursery; give it the rest as arguments.
// Services (as_service) end last: they are cancelled when all other children and the body have
// ended, also when the nursery is cancelled.
// Everything here belongs to the nursery's own thread.

#include <kettle/base/error_list.hpp>
#include <kettle/base/intrusive_list.hpp>
#include <kettle/core/child.hpp>
#include <kettle/core/frame.hpp>
#include <kettle/core/future.hpp>
#include <kettle/core/place.hpp>
#include <kettle/core/scope.hpp>

#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace kettle::inline KETTLE_ABI {

struct as_outcome_t;  // the tag, and the form of forms.hpp

enum class map_order : std::uint8_t { input, completion };
struct map_options {
  std::size_t at_once = 0;  // 0: the place's own width
  map_order order = map_order::input;
};

namespace detail {
struct start_options {
  bool keeps_error = false, as_outcome = false, service = false;
  lateness late = lateness::waits;
  std::string_view name;     // empty: none
  bool name_travels = true;  // the system's thread gets it too
  bool same_task = false;    // it runs for the task that starts it, and has its name and number
};

// A scope that ends when its nursery is closing.
struct closing_scope : list_links<closing_scope> {
  explicit closing_scope(nursery& n) noexcept;
  ~closing_scope();
  cancel_scope scope;

 private:
  nursery& nursery_;
};
}  // namespace detail

class nursery {
 public:
  nursery() noexcept = default;
  nursery(const nursery&) = delete;
  nursery& operator=(const nursery&) = delete;

  // start([tags] [place] f, args...): begins a child. Arguments are decayed and handed over as
  // rvalues, as std::thread does (std::ref for a reference). Tags: as_outcome, as_service,
  // interruptible, abandon, deadline(d), name("x"). Throws usage_error once the nursery has closed.
  template <class... X> auto start(X&&... x);
  // The same, and also waits until the child has called started(value): gives that value. f's first
  // parameter is a `started<V>&`. Until then the child belongs to this call: its error is thrown
  // here as itself.
  template <class F, class... A> auto start_ready(F&& f, A&&... args);
  // map([as_outcome] [place] f, range, {.at_once, .order}): lazy, bounded `results`; see map.hpp.
  template <place_type P, class F, class R>
  auto map(P&& place, F&& f, R&& range, map_options o = {});
  template <place_type P, class F, class R>
  auto map(as_outcome_t, P&& place, F&& f, R&& range, map_options o = {});
  template <class F, class R>
    requires(!place_type<F> && !std::is_same_v<std::remove_cvref_t<F>, as_outcome_t>)
  auto map(F&& f, R&& range, map_options o = {});
  template <class F, class R>
    requires(!place_type<F>)
  auto map(as_outcome_t, F&& f, R&& range, map_options o = {});

  void cancel(shared_text reason = {}) noexcept { scope_.cancel(std::move(reason)); }
  // Drains: closing() becomes true, waits under until_closing() end at once, the rest is cancelled
  // after the grace.
  void cancel_after(any_duration grace) noexcept;
  bool closing() const noexcept { return closing_; }

  cancel_scope& scope() noexcept { return scope_; }
  std::size_t running() const noexcept { return children_; }

  // For forms and places. Between begin() and leave() a form only awaits join(): nothing else that
  // could throw, so that the scope is left on every way.
  // Opens it on the current context and calls `start`, which starts the children; an exception of
  // that is the body's error. If begin() itself throws, nothing is open.
  template <class Start> void begin(Start&& start) {
    open(*tls.current);
    try {
      start();
    } catch (...) {
      body_failed(std::current_exception());
    }
    body_ended();
  }
  // begin() in steps, for a body that is awaited.
  void open(context& owner);
  void body_failed(std::exception_ptr e) noexcept;
  void body_ended() noexcept;  // from now on services alone do not keep it open
  // All have ended: leaves the scope, says how it went.
  struct result {
    std::vector<std::exception_ptr> errors;  // in the order they happened
    bool cancelled = false;                  // by somebody outside: goes on up if there is no error
    std::string first_failed;  // which task, and the line it awaited at, for a message
  };
  result leave();
  void close();  // leave(), then throws error_group or cancelled
  home& at() const noexcept { return *owner_->at_; }
  class join_operation;
  join_operation join() noexcept;  // not cancellable: the children are
  // Throws, and deletes the child, if the nursery has closed or the child refers to what it must
  // not.
  void adopt(child_base& c, const detail::start_options& o, bool refers_to_body);
  void child_failed(std::exception_ptr e) noexcept;
  void failed_at(const child_base& c, const std::source_location& where) noexcept;
  void child_was_cancelled(bool service) noexcept;
  // Throws unless a child may be started.
  void check_open() const;
  void child_gone(bool service) noexcept;  // the last one closes it
  // Where the locals of its body are, in checked builds: in a coroutine frame, or on the stack
  // below an address (then `low` is null). body_watch says so.
  void body_is(const context* at, const char* low, const char* high) noexcept {
    body_at_ = at, body_low_ = low, body_high_ = high;
  }
  // Whether one of the words there is the address of something in it.
  bool body_holds_one_of(const void* words, std::size_t bytes) const noexcept;
  void body_gone_with(const context& c) noexcept {
    if (body_at_ == &c) body_at_ = nullptr;
  }
  // Told once, when its scope is cancelled.
  struct cancel_watch {
    void (*cancelled)(cancel_watch&) noexcept;
  };
  void watch_cancel(cancel_watch* w) noexcept { cancel_watch_ = w; }
  void was_cancelled() noexcept {
    if (cancel_watch_) cancel_watch_->cancelled(*cancel_watch_);
  }
  bool was_cancelled_inside() const noexcept { return saw_cancelled_; }

 private:
  friend class join_operation;
  friend detail::closing_scope;
  void services_are_left() noexcept;
  cancel_scope scope_;
  // Of the services: shielded, so that they outlast the children that need them for their cleanup.
  // Made with the first one.
  cancel_scope* services_scope_ = nullptr;
  wait_point* joiner_ = nullptr;
  std::size_t children_ = 0, services_ = 0;
  detail::error_list errors_;
  bool closing_ = false, closed_ = false, body_ended_ = false, saw_cancelled_ = false,
       stray_ = false;
  std::string first_failed_;
  context* owner_ = nullptr;
  cancel_watch* cancel_watch_ = nullptr;
  const context* body_at_ = nullptr;  // who runs the body, if its locals are known
  const char* body_low_ = nullptr;
  const char* body_high_ = nullptr;
  detail::intrusive_list<detail::closing_scope> until_closing_;
};

class nursery::join_operation : public operation<nursery::join_operation> {
 public:
  explicit join_operation(nursery& n) noexcept : nursery_(n) { abortable_ = false; }
  bool start() override;
  void unlink() noexcept override {}
  void cancel() noexcept override {}  // the scope cancels the children; we wait for them
  const char* what() const noexcept override { return "nursery"; }
  bool is_join() const noexcept override { return true; }
  void finish() noexcept {}

 private:
  nursery& nursery_;
};

// Lives while the body is called. A body that is a coroutine has its locals in the frame that was
// made last when the call returns; they go when its context ends or body_ended() is called.
template <bool IsCoroutine> class body_watch {
 public:
  body_watch(nursery& n, const void* stack) noexcept : nursery_(n) {
    if constexpr (is_checked_build)
      n.body_is(tls.current, nullptr, static_cast<const char*>(stack));
  }
  body_watch(const body_watch&) = delete;
  body_watch& operator=(const body_watch&) = delete;
  ~body_watch() {
    if constexpr (!is_checked_build) return;
    const frame_extent& f = tls.newest_frame;
    nursery_.body_is(IsCoroutine ? tls.current : nullptr, f.begin, f.begin + f.size);
  }

 private:
  nursery& nursery_;
};

inline nursery::join_operation nursery::join() noexcept { return join_operation(*this); }

}  // namespace kettle::inline KETTLE_ABI
