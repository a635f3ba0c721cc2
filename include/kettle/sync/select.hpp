#pragma once
// select: waits for several things, of which exactly one happens.
//
//   auto got = co_await select(numbers.next(), stop.wait(), sleep_for(1s));
//   if (got.index() == 0) use(*std::get<0>(got)); else ...
//
// Gives a std::variant; index() tells which (void is `nothing`). What can happen at once is taken
// at once; if several can, the first in the list. The others have not happened: no item, permit or
// future is lost. An error that the chosen one ends with is thrown. Takes operations of sync,
// sleeps and futures. Tasks, forms and I/O cannot be taken back: use race(). Cancellation, threads:
// as the operations themselves. A select that had to look twice, because another thread came while
// it began, may lose its place in a waiting line.

#include <kettle/core/future.hpp>
#include <kettle/core/sleep.hpp>
#include <kettle/core/wait_point.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace kettle::inline KETTLE_ABI {

namespace detail {

template <class Op> inline constexpr bool selectable = std::is_same_v<Op, sleep_operation>;
template <class Op>
  requires requires { requires Op::is_selectable; }
inline constexpr bool selectable<Op> = true;
template <class T> inline constexpr bool selectable<future_operation<T>> = true;

// The part that does not depend on the types.
class select_group : public wait_point {
 public:
  select_group() noexcept = default;
  select_group(const select_group& o) noexcept : wait_point(o) {}

  void unlink() noexcept final {}
  void cancel() noexcept final;
  const char* what() const noexcept final { return "select"; }

 protected:
  ~select_group() = default;
  // True: waits[i] is done, i in winner(). An exception of one of them leaves none of them started.
  bool start_all(wait_point* const* waits, std::size_t n);
  void unlink_losers() noexcept;
  std::size_t winner() const noexcept { return winner_; }

 private:
  void unlink_first(std::size_t n) noexcept;
  claim_group group_;
  wait_point* const* waits_ = nullptr;
  std::size_t size_ = 0, winner_ = 0;
};

}  // namespace detail

template <class... Op>
class KETTLE_WAIT select_operation
    : public operation<select_operation<Op...>, detail::select_group> {
  using base = operation<select_operation<Op...>, detail::select_group>;

 public:
  using result = std::variant<void_to_nothing<decltype(std::declval<Op&>().finish())>...>;
  template <class... A>
  explicit select_operation(std::in_place_t, A&&... a) : ops_(std::forward<A>(a)...) {}
  select_operation(select_operation&& o) noexcept : base(o), ops_(std::move(o.ops_)) {}

  bool start() override {
    std::apply([this](Op&... op) { waits_ = {&op...}; }, ops_);
    return this->start_all(waits_.data(), sizeof...(Op));
  }
  result finish() {
    this->unlink_losers();
    return finish_one(std::index_sequence_for<Op...>());
  }

 private:
  template <std::size_t I> static result finish_nth(std::tuple<Op...>& ops) {
    if constexpr (std::is_void_v<decltype(std::get<I>(ops).finish())>) {
      std::get<I>(ops).finish();
      return result(std::in_place_index<I>);
    } else {
      return result(std::in_place_index<I>, std::get<I>(ops).finish());
    }
  }
  template <std::size_t... I> result finish_one(std::index_sequence<I...>) {
    static constexpr result (*finishers[])(std::tuple<Op...>&) = {finish_nth<I>...};
    return finishers[this->winner()](ops_);
  }

  std::tuple<Op...> ops_;
  std::array<wait_point*, sizeof...(Op)> waits_{};
};

namespace detail {

template <class W> struct selected {
  using type = W;
};
template <class T> struct selected<future<T>> {
  using type = future_operation<T>;
};
template <class W> using selected_t = typename selected<std::remove_cvref_t<W>>::type;

}  // namespace detail

template <class... W> auto select(W&&... waits) {
  static_assert((detail::selectable<detail::selected_t<W>> && ...),
                "select takes operations of channels, locks, events and the like, sleeps and "
                "futures; what cannot be "
                "taken back, as tasks, forms and I/O, goes to race(...)");
  return select_operation<detail::selected_t<W>...>(std::in_place, std::forward<W>(waits)...);
}

}  // namespace kettle::inline KETTLE_ABI
