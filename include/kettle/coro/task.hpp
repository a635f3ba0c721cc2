#pragma once
// task<T>: a coroutine that has not started yet.
//
//   kettle::task<int> answer() { co_await kettle::sleep_for(1s); co_return 42; }
//   int a = co_await answer();  // in a coroutine: runs it here and now
//   int b = answer().get();     // in a fiber or thread
//   auto f = n.start(answer);   // as a child: give start the function, not the task
//
// Lazy: nothing happens before it is awaited. A task is awaited where it is made (it cannot be
// moved or stored). It runs on the awaiting context; its error is thrown by the await. Completing
// is not a scheduling point. A million ready awaits and 100 000 nested suspended ones need no
// stack: see core/frame.hpp.

#include <kettle/core/frame.hpp>
#include <kettle/core/future.hpp>
#include <kettle/core/place.hpp>
#include <kettle/core/wait_point.hpp>

#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI {

template <class T> class task;

namespace detail {

template <class T> struct task_promise;

template <class T> using task_handle = std::coroutine_handle<task_promise<T>>;

// Runs the child inside await_ready; the parent suspends only if the child did.
template <class T> struct task_awaiter {
  explicit task_awaiter(task_handle<T> h) noexcept : child(h) {}
  task_awaiter(const task_awaiter&) = delete;
  task_awaiter& operator=(const task_awaiter&) = delete;
  ~task_awaiter() {
    if (child) child.destroy();
  }

  bool await_ready() noexcept {
    if (stack_is_deep()) [[unlikely]] {
      tls.next = child;
      return false;
    }
    child.resume();
    return child.done();
  }
  void await_suspend(std::coroutine_handle<> parent) noexcept {
    child.promise().continuation = parent;
  }
  T await_resume() { return child.promise().take(); }

  task_handle<T> child;
};

// A task that a form has taken over: movable, unlike the task.
template <class T> class owned_task {
 public:
  static constexpr bool is_owned_task = true;
  using value_type = T;
  explicit owned_task(task_handle<T> h) noexcept : handle_(h) {}
  owned_task(owned_task&& o) noexcept : handle_(std::exchange(o.handle_, nullptr)) {}
  owned_task& operator=(owned_task&&) = delete;
  ~owned_task() {
    if (handle_) handle_.destroy();
  }
  task_handle<T> release() noexcept { return std::exchange(handle_, nullptr); }

 private:
  task_handle<T> handle_;
};

template <class> inline constexpr bool never_true = false;

template <class T> struct future_awaiter {
  explicit future_awaiter(future<T>& f) : operation(f) {}
  bool await_ready() { return operation.begin(*tls.current); }
  void await_suspend(std::coroutine_handle<> h) noexcept { tls.current->frame_ = h; }
  T await_resume() {
    operation.end(*tls.current);
    return operation.finish();
  }
  future_operation<T> operation;
};

// Stands in for what is refused, so that the refusal is the first error.
template <class X> struct not_a_wait {
  bool await_ready();
  void await_suspend(std::coroutine_handle<>);
  X await_resume();
};

// What every task's coroutine may co_await.
struct awaits : frame_base {
  template <class U>
  task_awaiter<U> await_transform(
      task<U>&& t, std::source_location at = std::source_location::current()) noexcept {
    where = at;
    return task_awaiter<U>(t.release());
  }
  template <class U> task_awaiter<U> await_transform(owned_task<U>& t) noexcept {
    return task_awaiter<U>(t.release());
  }
  template <class U> std::suspend_never await_transform(task<U>&) {
    static_assert(never_true<U>,
                  "await a task where it is made: co_await f(x); what must live longer is started: "
                  "auto t = n.start(f, x)");
    return {};
  }
  template <class Op>
    requires operation_type<std::remove_cvref_t<Op>>
  operation_awaiter<std::remove_reference_t<Op>> await_transform(
      Op&& op, std::source_location at = std::source_location::current()) noexcept {
    where = at;
    return {&op};
  }
  template <class U>
  future_awaiter<U> await_transform(future<U>& f,
                                    std::source_location at = std::source_location::current()) {
    where = at;
    return future_awaiter<U>(f);
  }
  template <class X>
    requires(!waitable<X> && !requires { requires std::remove_cvref_t<X>::is_owned_task; })
  not_a_wait<X> await_transform(X&&) {
    static_assert(never_true<X>, "this is not a wait: co_await on_thread(f, args...)");
    return {};
  }
};

template <class T> struct task_promise final : awaits {
  task_promise() noexcept {}
  task<T> get_return_object() noexcept;
  template <class U> void return_value(U&& v) { result.put(std::forward<U>(v)); }
  T take() {
    if (error) [[unlikely]]
      std::rethrow_exception(std::move(error));
    return std::move(*static_cast<T*>(result.address()));
  }
  later<T> result;
};

template <> struct task_promise<void> final : awaits {
  task_promise() noexcept {}
  task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() {
    if (error) [[unlikely]]
      std::rethrow_exception(std::move(error));
  }
  [[no_unique_address]] later<void> result;
};

}  // namespace detail

template <class T = void>
class [[nodiscard(
    "a task does nothing until it is awaited: co_await it (coroutine), .get() it (fiber, thread), "
    "or start it in a nursery")]] task {
 public:
  static constexpr bool is_task = true;
  using promise_type = detail::task_promise<T>;
  using value_type = T;

  explicit task(detail::task_handle<T> h) noexcept : handle_(h) {}
  explicit(false) task(detail::owned_task<T> t) noexcept : handle_(t.release()) {}
  task(const task&) = delete;
  task& operator=(const task&) = delete;
  ~task() {
    if (handle_) handle_.destroy();
  }

  // Runs it on this fiber or thread until it is done. usage_error in a coroutine.
  T get() {
    context& c = blocking_context();
    drive(c, handle_);
    return handle_.promise().take();
  }
  // For forms and runtimes: the frame is the caller's from now on.
  detail::task_handle<T> release() noexcept { return std::exchange(handle_, nullptr); }

 private:
  detail::task_handle<T> handle_;
};

template <class T> task<T> detail::task_promise<T>::get_return_object() noexcept {
  return task<T>(task_handle<T>::from_promise(*this));
}
inline task<void> detail::task_promise<void>::get_return_object() noexcept {
  return task<void>(task_handle<void>::from_promise(*this));
}

}  // namespace kettle::inline KETTLE_ABI
