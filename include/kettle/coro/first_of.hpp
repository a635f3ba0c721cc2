#pragma once
// first_of: the first *value* of several tries; a try that fails starts the next one at once.
//
//   page p = co_await first_of(fetch, mirrors, {.stagger = 250ms});
//   page p = co_await first_of(from_cache(url), fetch(url));          // the same for a few waits
//
// The next try starts after `stagger`, or as soon as one has failed or was not accepted. The losers
// are cancelled and have ended before it returns. When no try succeeds: error_group with every
// error, in the order they happened.

#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>

#include <iterator>
#include <optional>
#include <vector>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // g++ 12: false, for coroutines in headers
#endif

namespace kettle::inline KETTLE_ABI {

template <class T> struct first_options {
  any_duration stagger = duration(0);        // 0: all at once
  bool (*accept)(const T& value) = nullptr;  // a value it refuses counts as a failed try
};

namespace detail {

template <class T> struct first_state {
  explicit first_state(nursery& nn) noexcept : n(nn) {}
  nursery& n;
  std::optional<T> winner;
  std::vector<std::exception_ptr> errors;
  cancel_scope* pause = nullptr;  // the launcher's, while it waits for the stagger

  void failed(std::exception_ptr e) {
    if (e) errors.push_back(std::move(e));
    if (pause) pause->cancel("a try has failed");
  }
  void succeeded(T value) {
    if (winner) return;
    winner.emplace(std::move(value));
    n.cancel("somebody else was first");
  }
  // When all have ended.
  T result(const nursery::result& end) {
    if (winner) return std::move(*winner);
    if (end.cancelled) throw cancelled{"cancelled from outside"};
    for (const auto& e : end.errors) errors.push_back(e);
    throw error_group(std::move(errors));
  }
};

template <class T, class F, class Item>
task<> first_try(first_state<T>& s, F& f, Item& item, bool (*accept)(const T&)) {
  try {
    T value = co_await f(item);
    if (accept && !accept(value))
      s.failed(nullptr);
    else
      s.succeeded(std::move(value));
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    s.failed(std::current_exception());
  }
}

template <class T, class F, class Item>
task<> launch_tries(first_state<T>& s, F& f, std::vector<Item>& items, first_options<T> o) {
  const duration stagger = o.stagger;
  for (auto& item : items) {
    s.n.start(same_task,
              [&s, &f, &item, accept = o.accept] { return first_try<T>(s, f, item, accept); });
    if (stagger <= duration(0)) continue;
    cancel_scope pause;
    struct pausing {
      cancel_scope*& slot;
      ~pausing() { slot = nullptr; }  // also when the launcher is cancelled: tries may still fail
    } at_end{s.pause};
    s.pause = &pause;
    co_await in_scope(pause, sleep_for(stagger));
  }
}

template <class T, class F, class Item>
task<T> first_value(F f, std::vector<Item> items, first_options<T> o) {
  nursery n;
  first_state<T> s(n);
  n.begin([&] { n.start(same_task, [&] { return launch_tries<T>(s, f, items, o); }); });
  co_await n.join();
  co_return s.result(n.leave());
}

template <class H> task<> first_branch(first_state<void_to_nothing<typename H::result>>& s, H& h) {
  try {
    if constexpr (std::is_void_v<typename H::result>) {
      co_await run_hold(h);
      s.succeeded({});
    } else {
      auto value = co_await run_hold(h);
      s.succeeded(std::move(value));
    }
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    s.failed(std::current_exception());
  }
}

template <class T, class... H> task<T> first_among(H... h) {
  nursery n;
  first_state<void_to_nothing<T>> s(n);
  auto start_branch = [&n, &s](auto& hold) {
    n.start(same_task, [&hold, &s] { return first_branch(s, hold); });
  };
  n.begin([&] { (start_branch(h), ...); });
  co_await n.join();
  auto value = s.result(n.leave());
  if constexpr (!std::is_void_v<T>) co_return std::move(value);
}

template <class F, class R>
using first_type = final_result_t<decltype(std::declval<F&>()(*std::begin(std::declval<R&>())))>;

}  // namespace detail

// (f, range, {.stagger, .accept}): f is called with each element until one of them gives a value.
template <class F, class R>
auto first_of(F&& f, R&& range, first_options<detail::first_type<F, R>> o = {}) {
  KETTLE_CHECK_CLOSURE(F);
  using Item = std::decay_t<decltype(*std::begin(range))>;
  return detail::first_value<detail::first_type<F, R>, F, Item>(
      std::forward<F>(f), std::vector<Item>(std::begin(range), std::end(range)), o);
}

// (W, W...): all begin at once; they give one type, or nothing.
template <detail::form_argument First, detail::form_argument... W>
task<detail::hold_result<First>> first_of(First&& first, W&&... others) {
  KETTLE_CHECK_CLOSURE(First);
  static_assert((std::is_same_v<detail::hold_result<First>, detail::hold_result<W>> && ...),
                "first_of: its waits give different types, so none of them can be the result");
  return detail::first_among<detail::hold_result<First>>(detail::hold(std::forward<First>(first)),
                                                         detail::hold(std::forward<W>(others))...);
}

}  // namespace kettle::inline KETTLE_ABI

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
