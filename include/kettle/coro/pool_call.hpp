#pragma once
// The templates of core/executor.hpp: how a pool's own tasks are made.

#include <kettle/core/executor.hpp>
#include <kettle/coro/map.hpp>
#include <kettle/coro/place_call.hpp>

namespace kettle::inline KETTLE_ABI {

namespace detail {

template <class Pool> struct pool_reference {
  static constexpr bool is_place = true;
  const Pool* pool;
  void launch(placed_child_base& c) const { pool->launch(c); }
};

template <class Pool, class U, class F, class... A>
struct child_at<pool_reference<Pool>, U, F, A...> : child_at<Pool, U, F, A...> {};

template <bool AsOutcome, class Pool, class F, class... A>
auto start_own(Pool& pool, F&& f, A&&... a) {
  KETTLE_CHECK_CALLABLE(F, A...);
  using U = final_result_t<call_result<F, A...>>;
  using child = new_child<Pool, U, F, A...>;
  auto* c =
      new child(unplaced_kind, *this_context().at_, std::forward<F>(f), std::forward<A>(a)...);
  c->keeps_error_ = true;
  c->as_outcome_ = AsOutcome;
  try {
    pool.launch_own(*c);
  } catch (...) {
    delete c;
    throw;
  }
  return future<future_value<AsOutcome, U>>(c);
}

// Its tasks run on the thread that started them.
template <class Pool> inline constexpr bool runs_here = false;
template <class Pool>
  requires requires { requires Pool::runs_here; }
inline constexpr bool runs_here<Pool> = true;

template <bool AsOutcome, class Pool, class F, class R>
auto map_own(Pool& pool, F&& f, R&& range, map_options o) {
  if (o.at_once == 0) o.at_once = window_of(pool.width());
  auto start = [&pool](auto&& g, auto&& x) {
    return start_own<AsOutcome>(pool, std::forward<decltype(g)>(g), std::forward<decltype(x)>(x));
  };
  return make_results(std::forward<F>(f), std::forward<R>(range), std::move(start), o,
                      runs_here<Pool> ? joining::by_map_on_this_thread : joining::by_map);
}

}  // namespace detail

template <class Pool>
template <class F, class... A>
auto pool_calls<Pool>::operator()(F&& f, A&&... a) const {
  KETTLE_CHECK_CALLABLE(F, A...);
  detail::pool_reference<Pool> here{static_cast<const Pool*>(this)};
  return detail::call_in<detail::pool_reference<Pool>, std::decay_t<F>, std::decay_t<A>...>(
      here, std::forward<F>(f), std::forward<A>(a)...);
}

template <class Pool> template <class F, class... A> auto pool_calls<Pool>::start(F&& f, A&&... a) {
  if constexpr (std::is_same_v<std::remove_cvref_t<F>, as_outcome_t>)
    return detail::start_own<true>(static_cast<Pool&>(*this), std::forward<A>(a)...);
  else
    return detail::start_own<false>(static_cast<Pool&>(*this), std::forward<F>(f),
                                    std::forward<A>(a)...);
}

template <class Pool>
template <class F, class R>
auto pool_calls<Pool>::map(F&& f, R&& range, map_options o) {
  return detail::map_own<false>(static_cast<Pool&>(*this), std::forward<F>(f),
                                std::forward<R>(range), o);
}
template <class Pool>
template <class F, class R>
auto pool_calls<Pool>::map(as_outcome_t, F&& f, R&& range, map_options o) {
  return detail::map_own<true>(static_cast<Pool&>(*this), std::forward<F>(f),
                               std::forward<R>(range), o);
}

}  // namespace kettle::inline KETTLE_ABI
