#pragma once
// What a started function is made of: its callable and arguments, and room for its result; and what
// its result is, when it returns a wait.

#include <kettle/core/future.hpp>
#include <kettle/core/wait_point.hpp>

#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI {

// Anything that can be awaited: a task, an operation, a future.
template <class T> concept task_type = requires { requires std::remove_cvref_t<T>::is_task; };
template <class W>
concept waitable =
    task_type<W> || operation_type<std::remove_cvref_t<W>> || is_future<std::remove_cvref_t<W>>;

template <class W> struct wait_result {
  using type = decltype(std::declval<std::remove_reference_t<W>&>().get());
};
template <task_type W> struct wait_result<W> {
  using type = typename std::remove_cvref_t<W>::value_type;
};
template <class W> using wait_result_t = typename wait_result<W>::type;

// What calling f gives in the end: the value of the wait it returns, or its plain result.
template <class R> struct final_result {
  using type = R;
};
template <waitable R> struct final_result<R> {
  using type = wait_result_t<R>;
};
template <class R> using final_result_t = typename final_result<R>::type;

// Room for a value that comes later.
template <class T> class later {
 public:
  later() noexcept {}
  ~later() {
    if (full_) value_.~T();
  }
  template <class... A> void put(A&&... a) {
    ::new (static_cast<void*>(typed())) T(std::forward<A>(a)...);
    full_ = true;
  }
  T* typed() noexcept { return __builtin_addressof(value_); }
  void* address() noexcept { return typed(); }

 private:
  union {
    T value_;
  };
  bool full_ = false;
};

template <> class later<void> {
 public:
  void put() noexcept {}
  void* typed() noexcept { return nullptr; }
  void* address() noexcept { return nullptr; }
};

// A callable and its arguments. They go when the call has ended, though its future lives on: among
// them may be an end of a channel, or a guard.
template <class F, class... A> struct call_members {
  template <class G, class... B>
  explicit call_members(G&& g, B&&... b)
      : f(std::forward<G>(g)), arguments(std::forward<B>(b)...) {}
  [[no_unique_address]] F f;
  [[no_unique_address]] std::tuple<A...> arguments;
};

template <class F, class... A> class call_parts {
 public:
  static constexpr bool trivial = false;
  template <class G, class... B>
  explicit call_parts(G&& g, B&&... b) : members_(std::forward<G>(g), std::forward<B>(b)...) {}
  call_parts(const call_parts&) = delete;
  call_parts& operator=(const call_parts&) = delete;
  ~call_parts() { drop(); }
  decltype(auto) call() { return std::apply(std::move(members_.f), std::move(members_.arguments)); }
  const F& f() const noexcept { return members_.f; }
  F& f() noexcept { return members_.f; }
  const std::tuple<A...>& arguments() const noexcept { return members_.arguments; }
  std::tuple<A...>& arguments() noexcept { return members_.arguments; }
  void drop() noexcept {
    if (!std::exchange(dropped_, true)) members_.~call_members<F, A...>();
  }

 private:
  union {
    call_members<F, A...> members_;
  };
  bool dropped_ = false;
};

template <class F, class... A>
  requires std::is_trivially_destructible_v<call_members<F, A...>>
class call_parts<F, A...> : call_members<F, A...> {
 public:
  static constexpr bool trivial = true;
  using members = call_members<F, A...>;
  using members::members;
  decltype(auto) call() { return std::apply(std::move(members::f), std::move(members::arguments)); }
  const F& f() const noexcept { return members::f; }
  F& f() noexcept { return members::f; }
  const std::tuple<A...>& arguments() const noexcept { return members::arguments; }
  std::tuple<A...>& arguments() noexcept { return members::arguments; }
  void drop() noexcept {}
};

}  // namespace kettle::inline KETTLE_ABI
