#pragma once
// What a form is given: a wait (task prvalue, operation, future, another form) or a callable
// without parameters that returns a wait or a plain value. hold() makes it something a coroutine
// frame can own; run_hold() awaits it.
//
// A temporary is moved in, a named object is referred to.

#include <kettle/coro/task.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // g++ 12: false, for coroutines in headers
#endif

namespace kettle::inline KETTLE_ABI::detail {

template <class T> struct task_hold {
  using result = T;
  owned_task<T> task;
  task_awaiter<T> awaiter() { return task_awaiter<T>(task.release()); }
};

template <class Op>  // Op or Op&
struct operation_hold {
  using result = decltype(std::declval<std::remove_reference_t<Op>&>().finish());
  Op op;
};

template <class T> struct future_hold {
  using result = T;
  future<T>& f;
};

template <class F>  // F or F&
struct call_hold {
  using returned = decltype(std::declval<F&>()());
  using result = final_result_t<returned>;
  F call;
};

template <class T> task_hold<T> hold(task<T>&& t) { return {owned_task<T>(t.release())}; }
template <class T> future_hold<T> hold(future<T>& f) { return {f}; }
template <class Op>
  requires operation_type<std::remove_cvref_t<Op>>
operation_hold<Op> hold(Op&& op) {
  return {std::forward<Op>(op)};
}
template <class F>
  requires(!waitable<F> && std::invocable<F&>)
call_hold<F> hold(F&& f) {
  return {std::forward<F>(f)};
}

template <class W> concept form_argument = requires(W&& w) { detail::hold(std::forward<W>(w)); };
template <class W> using hold_t = decltype(detail::hold(std::declval<W>()));
template <class W> using hold_result = typename hold_t<W>::result;

template <class T> task<T> run_hold(task_hold<T>& h) { return task<T>(std::move(h.task)); }
template <class Op> task<typename operation_hold<Op>::result> run_hold(operation_hold<Op>& h) {
  co_return co_await h.op;
}
template <class T> task<T> run_hold(future_hold<T>& h) { co_return co_await h.f; }
template <class F> task<typename call_hold<F>::result> run_hold(call_hold<F>& h) {
  if constexpr (task_type<typename call_hold<F>::returned>) {
    co_return co_await h.call();
  } else if constexpr (waitable<typename call_hold<F>::returned>) {
    auto&& wait = h.call();
    co_return co_await wait;
  } else {
    co_return h.call();
  }
}

}  // namespace kettle::inline KETTLE_ABI::detail

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
