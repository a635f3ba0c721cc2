#pragma once
// future<T>: the result of a child or of a pool's task.
//
//   auto f = n.start(fetch, url);
//   page p = co_await f;           // f.get() in a fiber or thread
//
// Movable, one consumer, 8 bytes. Dropping it neither waits nor cancels. The value can be taken
// once. Cancelling the wait leaves the future as it was: it can be awaited again. Of a child that
// failed in a nursery the error goes to the nursery and awaiting its future throws `cancelled`; a
// pool's future throws the error itself. Threads: it may be awaited on any thread; cancel() of a
// nursery's child belongs to the nursery's thread.

#include <kettle/core/child.hpp>
#include <kettle/core/outcome.hpp>

#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI {

template <class T> class future;

namespace detail {

class future_wait : public wait_point {
 public:
  explicit future_wait(child_base* c) noexcept : child_(c) {}
  future_wait(const future_wait& o) noexcept : wait_point(o), child_(o.child_) {}
  ~future_wait();
  bool begin(context& c) { return begin_as<future_wait>(c); }
  bool start() final;
  void unlink() noexcept final;
  // Decided by the future's word, not by the claim: a completer that has seen us may still be about
  // to touch us.
  void cancel() noexcept final;
  void granted() noexcept final;
  const char* what() const noexcept final { return "future"; }

 protected:
  void leave() noexcept {
    if (std::exchange(awaited_, false)) child_->awaited(nullptr);
  }
  child_base* child_;

 private:
  bool awaited_ = false;  // told so, on our home
  bool outside_ = false;  // we count among our home's outside_wakers
  // Of a group that another wait has won, or that is cancelled: whether the completer is about to
  // touch us once more.
  enum class completer : std::uint8_t { may_come, is_awaited, has_left };
  atomic<completer> completer_{completer::may_come};
};

struct done_callback : wait_point {
  bool start() final { return false; }
  void unlink() noexcept final {}
  const char* what() const noexcept final { return "on_done"; }
  virtual ~done_callback() = default;
};
bool call_when_done(child_base& c,
                    done_callback* callback) noexcept;  // false: somebody waits for it
void throw_if_failed(child_base& c);

struct future_access {  // for forms that cancel a child whose future they have consumed
  template <class T> static child_base* child(const future<T>& f) noexcept { return f.child_; }
};

template <class T> inline constexpr bool is_outcome = false;
template <class U> inline constexpr bool is_outcome<outcome<U>> = true;

template <class T> outcome<T> outcome_of(child_base& c) {
  if (c.ending_ == ending::error) return outcome<T>(c.error_);
  throw_if_failed(c);
  if constexpr (std::is_void_v<T>)
    return outcome<T>(std::in_place);
  else
    return outcome<T>(std::in_place, std::move(*static_cast<T*>(c.result())));
}

template <class T> T value_of(child_base& c) {
  if constexpr (is_outcome<T>)
    if (c.as_outcome_) return outcome_of<typename T::value_type>(c);
  throw_if_failed(c);
  if constexpr (!std::is_void_v<T>) return std::move(*static_cast<T*>(c.result()));
}

}  // namespace detail

template <class T> class KETTLE_WAIT future_operation : public detail::future_wait {
 public:
  static constexpr bool is_operation = true;
  explicit future_operation(future<T>& f);
  T finish();
  T get() {
    context& c = blocking_context();
    if (!begin(c)) park_here(c);
    end(c);
    return finish();
  }

 private:
  future<T>* future_;
};

template <class T> class future {
 public:
  using value_type = T;
  future() noexcept = default;
  explicit future(child_base* c) noexcept : child_(c) {}
  future(future&& o) noexcept : child_(std::exchange(o.child_, nullptr)) {}
  future& operator=(future&& o) noexcept {
    if (this != &o) {
      drop();
      child_ = std::exchange(o.child_, nullptr);
    }
    return *this;
  }
  ~future() { drop(); }

  // Waits and takes the value; a fiber parks, a thread blocks. usage_error in a coroutine.
  T get() { return future_operation<T>(*this).get(); }
  bool done() const noexcept { return child_ && child_->is_done(); }
  bool valid() const noexcept { return child_ != nullptr; }
  // From any thread; on another than the child's home it is a request.
  void cancel() noexcept {
    if (child_) child_->request_cancel();
  }
  // Consumes the future: callback(outcome<T>) runs once, on the nursery's home (a pool's: where the
  // task ended), at once if it is done. What it throws goes to the dropped-error hook.
  template <class F> void on_done(F callback);

 private:
  friend class future_operation<T>;
  friend struct detail::future_access;
  void drop() noexcept {
    if (child_) std::exchange(child_, nullptr)->abandon();
  }
  child_base* child_ = nullptr;
};

template <class W> inline constexpr bool is_future = false;
template <class T> inline constexpr bool is_future<future<T>> = true;

template <class T>
future_operation<T>::future_operation(future<T>& f) : future_wait(f.child_), future_(&f) {
  if (!f.child_) throw usage_error("this future has no result: it was moved from or taken already");
}

template <class T> T future_operation<T>::finish() {
  leave();
  child_base* c = std::exchange(future_->child_, nullptr);
  struct releaser {
    child_base* c;
    ~releaser() { c->error_ = nullptr, c->abandon(); }
  } release{c};
  return detail::value_of<T>(*c);
}

template <class T> template <class F> void future<T>::on_done(F callback) {
  struct caller final : detail::done_callback {
    caller(child_base* c, F f) : child_(c), call(std::move(f)) {}
    void granted() noexcept override {
      try {
        call(result());
      } catch (...) {
        drop_error(std::current_exception(), "on_done");
      }
      child_->error_ = nullptr;
      child_->abandon();
      delete this;
    }
    outcome<T> result() {
      try {
        if constexpr (detail::is_outcome<T>)
          if (child_->as_outcome_) return outcome<T>(std::in_place, detail::value_of<T>(*child_));
        return detail::outcome_of<T>(*child_);
      } catch (const cancelled&) {
        return outcome<T>(std::current_exception());
      }
    }
    child_base* child_;
    F call;
  };
  if (!child_) throw usage_error("this future has no result: it was moved from or taken already");
  auto* call = new caller(child_, std::move(callback));
  auto* c = std::exchange(child_, nullptr);  // the callback may run at once, and destroy us
  if (detail::call_when_done(*c, call)) return;
  child_ = c;
  delete call;
  throw usage_error("a future has one consumer: somebody waits for it already");
}

}  // namespace kettle::inline KETTLE_ABI
