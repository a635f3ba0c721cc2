#pragma once
// all and race: several waits at once, on the awaiting context's home.
//
//   auto [cup, toast] = co_await all(brew(), on_thread(build, 1));  // all values, in order
//   co_await race(serve(), ctrl_c());  // the first to end, value or error
//
// Nothing outlives them: the others are cancelled and have ended, cleanup included, before they
// return or throw. One error, the first, is thrown as itself; another that raced with it goes to
// the dropped-error hook.

#include <kettle/coro/forms.hpp>

#include <tuple>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // g++ 12: false, for coroutines in headers
#endif

namespace kettle::inline KETTLE_ABI {

namespace detail {

inline void throw_first(nursery::result& end, const char* where) {
  if (end.errors.empty()) {
    if (end.cancelled) throw cancelled{"cancelled from outside"};
    return;
  }
  for (std::size_t i = 1; i < end.errors.size(); i++) drop_error(end.errors[i], where);
  std::rethrow_exception(end.errors.front());
}

template <class H, class Slot> task<> all_branch(H& h, Slot& slot) {
  if constexpr (std::is_void_v<typename H::result>)
    co_await run_hold(h);
  else
    slot.put(co_await run_hold(h));
}

template <class... H>
using all_result = std::conditional_t<(std::is_void_v<typename H::result> && ...), void,
                                      std::tuple<void_to_nothing<typename H::result>...>>;

template <class Slot> auto slot_value(Slot& s) {
  using T = std::remove_pointer_t<decltype(s.typed())>;
  if constexpr (std::is_void_v<T>)
    return nothing{};
  else
    return std::move(*s.typed());
}

template <class... H> task<all_result<H...>> all_of(H... h) {
  std::tuple<later<typename H::result>...> slots;
  nursery n;
  auto start_branch = [&n](auto& hold, auto& slot) {
    n.start(same_task, [&hold, &slot] { return all_branch(hold, slot); });
  };
  n.begin([&] { std::apply([&](auto&... slot) { (start_branch(h, slot), ...); }, slots); });
  co_await n.join();
  nursery::result end = n.leave();
  throw_first(end, "all");
  if constexpr (!std::is_void_v<all_result<H...>>)
    co_return std::apply([](auto&... slot) { return all_result<H...>(slot_value(slot)...); },
                         slots);
}

template <class T> struct race_state {
  explicit race_state(nursery& nn) noexcept : n(nn) {}
  nursery& n;
  later<T> value;
  std::exception_ptr error;
  bool decided = false;

  bool decide() noexcept {
    if (std::exchange(decided, true)) return false;
    n.cancel("the race is decided");
    return true;
  }
};

template <class H, class T> task<> race_branch(H& h, race_state<T>& race) {
  try {
    if constexpr (std::is_void_v<typename H::result>) {
      co_await run_hold(h);
      race.decide();
    } else if constexpr (std::is_void_v<T>) {
      co_await run_hold(h);
      race.decide();
    } else {
      auto value = co_await run_hold(h);
      if (race.decided) co_return;
      race.value.put(std::move(value));  // if that throws, the race is decided by its error
      race.decide();
    }
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    if (race.decide())
      race.error = std::current_exception();
    else
      drop_error(std::current_exception(), "race: a loser");
  }
}

template <class... T> struct race_type {
  using type = void;
};
template <class First, class... T>
  requires(!std::is_void_v<First> && (std::is_same_v<First, T> && ...))
struct race_type<First, T...> {
  using type = First;
};

template <class... H> task<typename race_type<typename H::result...>::type> race_of(H... h) {
  using T = typename race_type<typename H::result...>::type;
  nursery n;
  race_state<T> race(n);
  auto start_branch = [&n, &race](auto& hold) {
    n.start(same_task, [&hold, &race] { return race_branch(hold, race); });
  };
  n.begin([&] { (start_branch(h), ...); });
  co_await n.join();
  nursery::result end = n.leave();
  if (!race.decided) {
    throw_first(end, "race");  // a branch could not be started
    throw cancelled{"cancelled from outside"};
  }
  for (auto& e : end.errors) drop_error(e, "race: a loser");
  if (race.error) std::rethrow_exception(race.error);
  if constexpr (!std::is_void_v<T>) co_return std::move(*race.value.typed());
}

}  // namespace detail

// (W...): a tuple of the values in order (void if all are void); `nothing` stands for a void among
// them.
template <detail::form_argument... W> auto all(W&&... w) {
  (void)std::initializer_list<int>{([] { KETTLE_CHECK_CLOSURE(W); }(), 0)...};
  return detail::all_of(detail::hold(std::forward<W>(w))...);
}

// (W...): what the first to end gives or throws; their common type, or void when they differ.
template <detail::form_argument... W> auto race(W&&... w) {
  (void)std::initializer_list<int>{([] { KETTLE_CHECK_CLOSURE(W); }(), 0)...};
  return detail::race_of(detail::hold(std::forward<W>(w))...);
}

}  // namespace kettle::inline KETTLE_ABI

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
