#pragma once
// run: the program's entry into kettle.
//
//   int main() { return kettle::run(breakfast); }         // task<int> breakfast(kettle::nursery&)
//
// run(f, args...) calls f, with a nursery& first if it wants one, and returns when that nursery is
// empty. A single error is thrown as itself, several as error_group; deadlock_error when nothing
// can go on. SIGINT and SIGTERM cancel the root once, unless somebody waits for ctrl_c(); after its
// cleanup the process ends by that signal; a second one ends it at once. run(run_options, f,
// args...) chooses back end and clock. A run within an ordinary body of another one, or of a
// nursery, is a part of that: its loop, its clock, its deadlock check.

#include <kettle/coro/forms.hpp>
#include <kettle/loop/run_guard.hpp>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // g++ 12: false, for coroutines in headers
#endif

namespace kettle::inline KETTLE_ABI {

namespace detail {

template <class F, class... A> concept takes_nursery = requires { typename body_result<F, A...>; };

template <class F, class... A> struct root_call {
  using result = call_result<F, A...>;
};
template <class F, class... A>
  requires takes_nursery<F, A...>
struct root_call<F, A...> {
  using result = body_result<F, A...>;
};

template <class R, class F, class... A> R call_root(nursery& n, F& f, std::tuple<A...>& args) {
  return std::apply(
      [&](A&... a) -> R {
        if constexpr (takes_nursery<F, A...>)
          return f(n, static_cast<A&&>(a)...);
        else
          return f(static_cast<A&&>(a)...);
      },
      args);
}

template <class F, class... A>
task<final_result_t<typename root_call<F, A...>::result>> run_root(run_guard& guard, F& f,
                                                                   std::tuple<A...>& args) {
  using R = typename root_call<F, A...>::result;
  using T = final_result_t<R>;
  nursery n;
  struct leaving {
    run_guard& guard;
    ~leaving() { guard.root_goes(); }
  } leaving{guard};
  std::optional<void_to_nothing<T>> value;
  future<T> result;
  auto body = [&]() -> R {
    body_watch<waitable<R>> watch(n, __builtin_frame_address(0));
    return call_root<R>(n, f, args);
  };
  n.begin([&] {
    guard.root(n);
    if constexpr (waitable<R>)  // a child, so that .get() in it is refused as anywhere on a loop
      result = n.start(root_name, body);
    else if constexpr (std::is_void_v<T>)
      body(), value.emplace();
    else
      value.emplace(body());
  });
  co_await n.join();
  guard.finish(n.leave());
  if constexpr (waitable<R>)
    co_return co_await result;
  else if constexpr (!std::is_void_v<T>)
    co_return std::move(*value);
}

template <class F, class... A> auto run_with(const run_options& o, F&& f, A&&... a) {
  static_assert(
      !task_type<F>,
      "give run the function and its arguments: run(fetch, url); a task already made may refer to "
      "arguments that are gone");
  run_guard guard(o);
  std::tuple<std::decay_t<A>...> args(std::forward<A>(a)...);
  return run_root<std::remove_reference_t<F>, std::decay_t<A>...>(guard, f, args).get();
}

}  // namespace detail

template <class F, class... A>
  requires(!std::is_same_v<std::remove_cvref_t<F>, run_options>)
auto run(F&& f, A&&... a) {
  return detail::run_with(run_options{}, std::forward<F>(f), std::forward<A>(a)...);
}
template <class F, class... A> auto run(const run_options& o, F&& f, A&&... a) {
  return detail::run_with(o, std::forward<F>(f), std::forward<A>(a)...);
}

}  // namespace kettle::inline KETTLE_ABI

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
