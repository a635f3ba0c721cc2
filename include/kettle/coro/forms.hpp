#pragma once
// The forms: scopes, nurseries, deadlines and outcomes as lazy values.
//
//   auto text = co_await fail_after(2s, fetch(url));           // in a coroutine
//   auto text = fail_after(2s, fetch(url)).get();              // in a fiber or thread
//
// Every form is a task: nothing happens before it is awaited. W below is a wait, or a callable
// without parameters that returns a wait or a plain value; forms nest.

#include <kettle/core/outcome.hpp>
#include <kettle/coro/start.hpp>
#include <kettle/coro/wait.hpp>

#include <optional>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // g++ 12: false, for coroutines in headers
#endif

namespace kettle::inline KETTLE_ABI {

namespace detail {

// g++ 12 destroys a temporary closure with a non-trivial capture twice when a co_await stands in
// the same expression.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <class F>
inline constexpr bool closure_is_safe = std::is_lvalue_reference_v<F> || waitable<F> ||
                                        std::is_trivially_destructible_v<std::remove_cvref_t<F>>;
#else
template <class F> inline constexpr bool closure_is_safe = true;
#endif
#define KETTLE_CHECK_CLOSURE(F)                                                            \
  static_assert(                                                                           \
      ::kettle::detail::closure_is_safe<F>,                                                \
      "g++ 12 destroys this temporary twice: name it first, capture by reference, or use " \
      "emplace(...)")

// optional<T>, or bool for void: what is left when a scope may have ended the wait.
template <class T> struct maybe {
  using type = std::optional<T>;
};
template <> struct maybe<void> {
  using type = bool;
};
template <class T> using maybe_t = typename maybe<T>::type;

// Opens a scope on the current context; closes it on every way out.
class scope_entry {
 public:
  explicit scope_entry(cancel_scope& s) : scope_(s) { s.enter(*tls.current); }
  scope_entry(const scope_entry&) = delete;
  scope_entry& operator=(const scope_entry&) = delete;
  ~scope_entry() { scope_.exit(); }

 private:
  cancel_scope& scope_;
};

template <class H> task<maybe_t<typename H::result>> in_scope_of(cancel_scope& s, H h) {
  using T = typename H::result;
  scope_entry entry(s);
  try {
    if constexpr (std::is_void_v<T>) {
      co_await run_hold(h);
      co_return true;
    } else {
      co_return std::optional<T>(co_await run_hold(h));
    }
  } catch (const cancelled&) {
    if (!s.absorbs()) throw;
  }
  co_return maybe_t<T>{};
}

template <class H> task<maybe_t<typename H::result>> move_on(time_point at, duration d, H h) {
  cancel_scope s(at);
  s.relative_deadline(d);
  co_return co_await in_scope_of(s, std::move(h));
}

template <class H> task<typename H::result> fail_on(time_point at, duration d, H h) {
  auto value = co_await move_on(at, d, std::move(h));
  if (!value) throw timeout_error();
  if constexpr (!std::is_void_v<typename H::result>) co_return std::move(*value);
}

template <class H> task<maybe_t<typename H::result>> shielded_from(duration grace, H h) {
  cancel_scope s;
  s.shield(true);
  s.relative_deadline(grace);
  co_return co_await in_scope_of(s, std::move(h));
}

template <class H> task<maybe_t<typename H::result>> until_closing_of(nursery& n, H h) {
  closing_scope closing(n);
  co_return co_await in_scope_of(closing.scope, std::move(h));
}

template <class H> task<outcome<typename H::result>> outcome_from(H h) {
  using T = typename H::result;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await run_hold(h);
      co_return outcome<T>(std::in_place);
    } else {
      co_return outcome<T>(std::in_place, co_await run_hold(h));
    }
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    co_return outcome<T>(std::current_exception());
  }
}

template <class H, class C>
task<typename H::result> run_finally(H body, C cleanup, duration grace) {
  using T = typename H::result;
  later<T> value;
  std::exception_ptr error;
  try {
    if constexpr (std::is_void_v<T>)
      co_await run_hold(body);
    else
      value.put(co_await run_hold(body));
  } catch (...) {
    error = std::current_exception();
  }
  try {
    co_await shielded_from(grace, std::move(cleanup));
  } catch (...) {
    if (!error)
      error = std::current_exception();
    else
      drop_error(std::current_exception(), "finally: the cleanup failed after its body");
  }
  if (error) std::rethrow_exception(error);
  if constexpr (!std::is_void_v<T>) co_return std::move(*static_cast<T*>(value.address()));
}

template <class F, class... A>  // not decltype of std::apply: a call that cannot be made is then an
                                // error, not a "no"
using body_result = std::invoke_result_t<std::remove_cvref_t<F>&, nursery&, A...>;

template <class F, class... A>
task<final_result_t<body_result<F, A...>>> nursery_of(F f, std::tuple<nursery*, A...> call) {
  using R = body_result<F, A...>;
  using T = final_result_t<R>;
  nursery n;
  std::optional<void_to_nothing<T>> value;
  auto body = [&]() -> R {
    body_watch<waitable<R>> watch(n, __builtin_frame_address(0));
    return std::apply([&](nursery*, A&... a) -> R { return f(n, static_cast<A&&>(a)...); }, call);
  };
  n.open(*tls.current);
  try {
    if constexpr (waitable<R> && std::is_void_v<T>)
      co_await body(), value.emplace();
    else if constexpr (waitable<R>)
      value.emplace(co_await body());
    else if constexpr (std::is_void_v<T>)
      body(), value.emplace();
    else
      value.emplace(body());
  } catch (...) {
    n.body_failed(std::current_exception());
  }
  n.body_ended();
  co_await n.join();
  n.close();
  if constexpr (!std::is_void_v<T>) {
    if (!value)
      throw usage_error(
          "with_nursery: its own nursery cancelled the body, so there is no value to give");
    co_return std::move(*value);
  }
}

// One call in a place: its value or its error as itself.
template <class P, class F, class... A>
task<final_result_t<call_result<F, A...>>> call_in(P place, F f, A... a) {
  nursery n;
  decltype(n.start(same_task, place, std::move(f), std::move(a)...)) result;
  n.begin([&] { result = n.start(same_task, place, std::move(f), std::move(a)...); });
  co_await n.join();
  nursery::result end = n.leave();
  if (!end.errors.empty()) std::rethrow_exception(end.errors.front());
  if (!result.valid()) throw cancelled{"its place cancelled the call"};
  // Not awaited: that would throw in a cancelled scope, and what the call has given in spite of it
  // is reported.
  co_return future_operation<typename decltype(result)::value_type>(result).finish();
}

}  // namespace detail

// (d, W): T; timeout_error when d is over first.
template <detail::form_argument W> task<detail::hold_result<W>> fail_after(any_duration d, W&& w) {
  KETTLE_CHECK_CLOSURE(W);
  return detail::fail_on(never, d, detail::hold(std::forward<W>(w)));
}
template <detail::form_argument W> task<detail::hold_result<W>> fail_at(time_point t, W&& w) {
  KETTLE_CHECK_CLOSURE(W);
  return detail::fail_on(t, duration::max(), detail::hold(std::forward<W>(w)));
}

// (d, W): optional<T>, or bool for void; empty or false when d is over first.
template <detail::form_argument W>
task<detail::maybe_t<detail::hold_result<W>>> move_on_after(any_duration d, W&& w) {
  KETTLE_CHECK_CLOSURE(W);
  return detail::move_on(never, d, detail::hold(std::forward<W>(w)));
}
template <detail::form_argument W>
task<detail::maybe_t<detail::hold_result<W>>> move_on_at(time_point t, W&& w) {
  KETTLE_CHECK_CLOSURE(W);
  return detail::move_on(t, duration::max(), detail::hold(std::forward<W>(w)));
}

// (grace, W): not reached by cancellation from outside, cut after the grace; optional<T> or bool.
template <detail::form_argument W>
task<detail::maybe_t<detail::hold_result<W>>> shielded(any_duration grace, W&& w) {
  KETTLE_CHECK_CLOSURE(W);
  return detail::shielded_from(grace, detail::hold(std::forward<W>(w)));
}

// (scope, W): W inside a scope that the caller holds; optional<T> or bool, empty when the scope
// cancelled it.
template <detail::form_argument W>
task<detail::maybe_t<detail::hold_result<W>>> in_scope(cancel_scope& s, W&& w) {
  KETTLE_CHECK_CLOSURE(W);
  return detail::in_scope_of(s, detail::hold(std::forward<W>(w)));
}

// (W, cleanup, grace): the cleanup, a wait or a callable, runs shielded on every way out, cut after
// the grace.
template <detail::form_argument W, detail::form_argument C>
task<detail::hold_result<W>> finally(W&& w, C&& cleanup,
                                     any_duration grace = std::chrono::seconds(5)) {
  KETTLE_CHECK_CLOSURE(W);
  KETTLE_CHECK_CLOSURE(C);
  return detail::run_finally(detail::hold(std::forward<W>(w)),
                             detail::hold(std::forward<C>(cleanup)), grace);
}

// as_outcome(W): outcome<T>; only `cancelled` passes through. Also a tag of start and map.
struct as_outcome_t {
  template <detail::form_argument W> task<outcome<detail::hold_result<W>>> operator()(W&& w) const {
    KETTLE_CHECK_CLOSURE(W);
    return detail::outcome_from(detail::hold(std::forward<W>(w)));
  }
};
inline constexpr as_outcome_t as_outcome{};

// (f, args...): calls f(nursery&, args...), then waits for all children. Throws error_group for any
// error, its body's own included; cancelled when somebody outside cancelled it.
template <class F, class... A> auto with_nursery(F&& f, A&&... a) {
  KETTLE_CHECK_CLOSURE(F);
  static_assert(
      requires { typename detail::body_result<F, std::decay_t<A>...>; },
      "with_nursery takes a function whose first parameter is the nursery, then its arguments");
  return detail::nursery_of<F, std::decay_t<A>...>(std::forward<F>(f),
                                                   {nullptr, std::forward<A>(a)...});
}

// (nursery, W): W until the nursery is closing (cancel_after); optional<T> or bool.
template <detail::form_argument W>
task<detail::maybe_t<detail::hold_result<W>>> until_closing(nursery& n, W&& w) {
  KETTLE_CHECK_CLOSURE(W);
  return detail::until_closing_of(n, detail::hold(std::forward<W>(w)));
}

// In `catch (...)`: handles the current exception, one error or a group, each by the first handler
// that takes it. What is left, and `cancelled`, goes on up.
template <class... H> void handle_each(H&&... handlers);

}  // namespace kettle::inline KETTLE_ABI

#include <kettle/coro/detail/handle_each.hpp>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
