#pragma once
// map: one function over many inputs, lazily, a bounded window ahead of the consumer.
//
//   auto counts = n.map(on_thread, count_words, files);         // starts as it is consumed
//   while (auto c = co_await counts.next()) use(*c);            // range-for in a thread or fiber
//   auto all = co_await map(on_thread, count_words, files);     // a vector
//
// In input order by default; map_order::completion gives what is done first. An error is thrown at
// its item's turn, as a sequential loop would have thrown it: the rest is cancelled, no further
// input is consumed. With as_outcome every item's outcome is delivered (outcome::index is its
// position) and the map goes on. A temporary range is moved in, a named one is referred to.
// Dropping `results` cancels what flies; the nursery joins it. `at_once` 0 means a few times the
// place's own width.

#include <kettle/base/intrusive_list.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/base/thrown.hpp>
#include <kettle/core/outside_waker.hpp>
#include <kettle/coro/forms.hpp>

#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // g++ 12: false, for coroutines in headers
#endif

namespace kettle::inline KETTLE_ABI {

namespace detail {

// How many items may be begun ahead: a few for each that runs, so that a slow one, or a consumer
// that is late, does not leave the others without work.
inline std::size_t window_of(std::size_t width) noexcept {
  constexpr std::size_t ahead = 4, enough = 256;
  if (width >= enough) return width;
  return width * ahead < enough ? width * ahead : enough;
}
template <class P> std::size_t window_in(const P& place) {
  if constexpr (requires { place.width(); })
    return window_of(place.width());
  else
    return 64;  // coroutines and fibers: enough to overlap waits, small enough not to read a whole
                // input ahead
}

// Where the items come from and how one is started.
template <class T> struct map_source {
  virtual ~map_source() = default;
  virtual bool start_next(future<T>& into) = 0;  // false: no more input
};

// One item of a map, from its start until its result was taken or dropped.
class item_in_flight : public done_callback, public list_links<item_in_flight> {
 public:
  std::size_t position = 0;
  item_in_flight* next_ended = nullptr;
};

// How the items of one map end, on whatever thread: which of them have, in that order, and when
// none flies any more. Shared by the map and by every item that is noted, since a map may go first.
class item_ends {
 public:
  // An end of this item will be told; on the map's own thread.
  void expect() noexcept;
  void ended(item_in_flight& i) noexcept;
  // The map goes: nobody asks for the order any more.
  void forget() noexcept;
  // For a map that is dropped where no context can wait: blocks the thread until none flies.
  void block_until_none_flies() noexcept;

  // The item that has ended first of those not yet taken.
  class take_operation : public operation<take_operation> {
   public:
    explicit take_operation(item_ends& e) noexcept : ends_(e) {}
    bool start() override;
    void unlink() noexcept override;
    const char* what() const noexcept override { return "map"; }
    item_in_flight* finish() noexcept;

   private:
    item_ends& ends_;
  };
  take_operation take() noexcept { return take_operation(*this); }

  // Until every expected end has been told; not cancellable, since the items are.
  class drain_operation : public operation<drain_operation> {
   public:
    explicit drain_operation(item_ends& e) noexcept : ends_(e) { abortable_ = false; }
    bool start() override;
    void unlink() noexcept override {}
    void cancel() noexcept override {}
    const char* what() const noexcept override { return "map"; }
    void finish() noexcept {}

   private:
    item_ends& ends_;
  };
  drain_operation drain() noexcept { return drain_operation(*this); }

 private:
  spin_lock lock_;
  item_in_flight* first_ = nullptr;
  item_in_flight* last_ = nullptr;
  bool forgotten_ = false;
  wait_point* taker_ = nullptr;
  wait_point* drainer_ = nullptr;
  atomic<std::uint32_t> flying_{0};  // changed under the lock; who blocks sleeps on it
  bool blocked_ = false;
};

void refuse_dropped_results();  // throws usage_error, unless another exception is on its way

// The node of an item. A map by completion has its end noted from the start; one in input order
// waits for the futures in turn, and has those noted that still fly when it is dropped.
template <class T> class map_item final : public item_in_flight {
 public:
  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* p, std::size_t size) noexcept { free_block_of(p, size); }

  future<T> result;
  bool noted() const noexcept { return ends_ != nullptr; }
  void note(const std::shared_ptr<item_ends>& ends) noexcept {
    ends_ = ends;
    holders_.store(2, relaxed);  // the callback publishes it
    ends->expect();
    call_when_done(*future_access::child(result), this);
  }
  void granted() noexcept override {
    std::shared_ptr<item_ends> ends = ends_;
    ends->ended(*this);
    let_go();
  }
  // The map and the noted end each let go of it.
  void let_go() noexcept {
    if (holders_.fetch_sub(1, acq_rel) == 1) delete this;  // acq_rel: after all uses of the other
  }

 private:
  std::shared_ptr<item_ends> ends_;
  atomic<int> holders_{1};
};

// What joins the items of a map that is dropped: a nursery; the map itself; nobody can, for they
// run on this very thread.
enum class joining : std::uint8_t { by_nursery, by_map, by_map_on_this_thread };

}  // namespace detail

template <class T> class results {
 public:
  using value_type = void_to_nothing<T>;

  results(std::unique_ptr<detail::map_source<T>> source, const map_options& o,
          std::shared_ptr<detail::item_ends> ends, detail::joining joins) noexcept
      : source_(std::move(source)),
        ends_(std::move(ends)),
        at_once_(o.at_once),
        joins_(joins),
        by_completion_(o.order == map_order::completion) {}
  results(results&&) noexcept = default;
  results& operator=(results&&) = delete;
  // Dropped with items that still fly: those of a nursery are joined by it. Those of a pool are
  // waited for here, which a coroutine cannot do: there it is a usage_error.
  ~results() noexcept(false) { drop(); }

  // The next result; nothing after the last. Throws the error of the item whose turn it is; then
  // the rest is cancelled. A cancelled wait loses nothing: the item comes the next time.
  task<std::optional<value_type>> next() {
    if (asked_) throw usage_error("results.next: another next() is under way");
    struct asking {
      bool& asked;
      ~asking() { asked = false; }
    } at_end{asked_ = true};
    fill();
    if (flying_.empty()) co_return std::nullopt;
    if (by_completion_ && !taken_) {
      std::optional<outside_waker> pool;  // whose tasks are no business of our run
      if (joins_ != detail::joining::by_nursery) pool.emplace();
      taken_ = co_await ends_->take();  // kept: the wait for the item itself may be cancelled
    }
    auto& item = static_cast<detail::map_item<T>&>(taken_ ? *taken_ : *flying_.front());
    std::optional<value_type> value;
    std::exception_ptr error;
    try {
      if constexpr (std::is_void_v<T>)
        co_await item.result, value.emplace();
      else
        value.emplace(co_await item.result);
    } catch (...) {
      error = std::current_exception();
    }
    if (error) {
      // Our wait was cancelled, not the item.
      if (item.result.valid() && thrown_as<cancelled>(error)) std::rethrow_exception(error);
      if (cancel_rest()) {
        outside_waker pool;
        co_await ends_->drain();
      }
      let_go_of_all();
      std::rethrow_exception(error);
    }
    if constexpr (detail::is_outcome<value_type>) value->index = item.position;
    let_go(item);
    co_return value;
  }

  class iterator {
   public:
    explicit iterator(results* r) : from_(r) { ++*this; }
    value_type& operator*() noexcept { return *from_->current_; }
    iterator& operator++() {
      from_->current_ = from_->next().get();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const noexcept { return !from_->current_; }

   private:
    results* from_;
  };
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() noexcept { return {}; }

 private:
  using item_type = detail::map_item<T>;

  void fill() {
    while (source_ && count_ < at_once_) {
      auto item = std::make_unique<item_type>();
      if (!source_->start_next(item->result)) {
        source_.reset();
        return;
      }
      item->position = next_position_++;
      if (by_completion_) item->note(ends_);
      flying_.push_back(*item.release());
      count_++;
    }
  }
  void let_go(item_type& item) noexcept {
    taken_ = nullptr;
    flying_.remove(item);
    count_--;
    item.let_go();
  }
  void let_go_of_all() noexcept {
    if (ends_) ends_->forget();
    while (!flying_.empty()) let_go(static_cast<item_type&>(*flying_.front()));
  }
  // True: those that fly must be waited for, at ends_->drain().
  bool cancel_rest() noexcept {
    source_.reset();
    for (auto* i = flying_.front(); i; i = flying_.next(*i))
      static_cast<item_type&>(*i).result.cancel();
    if (joins_ == detail::joining::by_nursery) return false;
    for (auto* i = flying_.front(); i; i = flying_.next(*i)) {
      auto& item = static_cast<item_type&>(*i);
      if (!item.noted() && item.result.valid()) item.note(ends_);
    }
    return true;
  }
  void drop() {
    if (flying_.empty()) return;
    bool misused = false;
    if (cancel_rest()) {
      misused = !this_context().can_block();
      if (!misused) {
        outside_waker pool;
        ends_->drain().get();
      } else if (joins_ == detail::joining::by_map) {
        ends_->block_until_none_flies();
      }
    }
    let_go_of_all();
    if (misused) detail::refuse_dropped_results();
  }

  std::unique_ptr<detail::map_source<T>> source_;
  detail::intrusive_list<detail::item_in_flight> flying_;
  std::shared_ptr<detail::item_ends> ends_;  // by completion, or when the map itself joins
  std::optional<value_type> current_;
  detail::item_in_flight* taken_ = nullptr;  // by completion: whose turn it is
  std::size_t at_once_, count_ = 0, next_position_ = 0;
  detail::joining joins_;
  bool by_completion_;
  bool asked_ = false;  // a next() is under way
};

namespace detail {

// R is the range or a reference to it; `start` begins one item: start(f, element) -> future<T>.
template <class T, class R, class F, class Start> class range_source final : public map_source<T> {
 public:
  template <class RR, class FF>
  range_source(RR&& range, FF&& f, Start start)
      : range_(std::forward<RR>(range)),
        f_(std::forward<FF>(f)),
        start_(std::move(start)),
        at_(std::begin(range_)),
        end_(std::end(range_)) {}

  bool start_next(future<T>& into) override {
    if (at_ == end_) return false;
    into = start_(f_, *at_);
    ++at_;
    return true;
  }

 private:
  R range_;
  F f_;
  Start start_;
  decltype(std::begin(std::declval<R&>())) at_;
  decltype(std::end(std::declval<R&>())) end_;
};

// For nursery::map and the pools' map.
template <class F, class R, class Start>
auto make_results(F&& f, R&& range, Start start, map_options o, joining j) {
  using element = decltype(*std::begin(range));
  using item = decltype(start(std::declval<std::decay_t<F>&>(), std::declval<element>()));
  using T = typename item::value_type;
  std::shared_ptr<item_ends> ends;
  if (o.order == map_order::completion || j != joining::by_nursery)
    ends = std::make_shared<item_ends>();
  auto source = std::make_unique<range_source<T, R, std::decay_t<F>, Start>>(
      std::forward<R>(range), std::forward<F>(f), std::move(start));
  return results<T>(std::move(source), o, std::move(ends), j);
}

// Places are referred to: they are constants like on_thread, or pools that outlive what runs in
// them.
template <bool AsOutcome, class P, class F, class R>
auto map_in(nursery& n, P& place, F&& f, R&& range, map_options o) {
  if (o.at_once == 0) o.at_once = window_in(place);
  auto start = [&n, &place](auto&& g, auto&& x) {
    if constexpr (AsOutcome)
      return n.start(as_outcome, place, std::forward<decltype(g)>(g), std::forward<decltype(x)>(x));
    else
      return n.start(keep_error, place, std::forward<decltype(g)>(g), std::forward<decltype(x)>(x));
  };
  return make_results(std::forward<F>(f), std::forward<R>(range), std::move(start), o,
                      joining::by_nursery);
}

template <class T>
using collected = std::conditional_t<std::is_void_v<T>, void, std::vector<void_to_nothing<T>>>;
template <bool AsOutcome, class F, class R>
using map_value =
    future_value<AsOutcome,
                 final_result_t<call_result<F, decltype(*std::begin(std::declval<R&>()))>>>;

template <bool AsOutcome, class P, class F, class R>
task<collected<map_value<AsOutcome, F, R>>> map_all(P* place, F f, R range, map_options o) {
  using T = map_value<AsOutcome, F, R>;
  std::vector<void_to_nothing<T>> all;
  nursery n;
  n.open(*tls.current);
  std::exception_ptr error;
  try {
    auto items = map_in<AsOutcome>(n, *place, f, range, o);
    while (auto x = co_await items.next()) all.push_back(std::move(*x));
  } catch (...) {
    error = std::current_exception();
  }
  n.body_ended();
  co_await n.join();
  n.leave();
  if (error) std::rethrow_exception(error);
  if constexpr (!std::is_void_v<T>) co_return all;
}

}  // namespace detail

// ([as_outcome] [place] f, range, {.at_once, .order}): all results in a vector (void when f gives
// nothing).
template <place_type P, class F, class R>
auto map(P&& place, F&& f, R&& range, map_options o = {}) {
  return detail::map_all<false, std::remove_reference_t<P>, F, R>(&place, std::forward<F>(f),
                                                                  std::forward<R>(range), o);
}
template <place_type P, class F, class R>
auto map(as_outcome_t, P&& place, F&& f, R&& range, map_options o = {}) {
  return detail::map_all<true, std::remove_reference_t<P>, F, R>(&place, std::forward<F>(f),
                                                                 std::forward<R>(range), o);
}
template <class F, class R>
  requires(!place_type<F> && !std::is_same_v<std::remove_cvref_t<F>, as_outcome_t>)
auto map(F&& f, R&& range, map_options o = {}) {
  return map(on_loop, std::forward<F>(f), std::forward<R>(range), o);
}
template <class F, class R>
  requires(!place_type<F>)
auto map(as_outcome_t tag, F&& f, R&& range, map_options o = {}) {
  return map(tag, on_loop, std::forward<F>(f), std::forward<R>(range), o);
}

template <place_type P, class F, class R>
auto nursery::map(P&& place, F&& f, R&& range, map_options o) {
  return detail::map_in<false>(*this, place, std::forward<F>(f), std::forward<R>(range), o);
}
template <place_type P, class F, class R>
auto nursery::map(as_outcome_t, P&& place, F&& f, R&& range, map_options o) {
  return detail::map_in<true>(*this, place, std::forward<F>(f), std::forward<R>(range), o);
}
template <class F, class R>
  requires(!place_type<F> && !std::is_same_v<std::remove_cvref_t<F>, as_outcome_t>)
auto nursery::map(F&& f, R&& range, map_options o) {
  return detail::map_in<false>(*this, on_loop, std::forward<F>(f), std::forward<R>(range), o);
}
template <class F, class R>
  requires(!place_type<F>)
auto nursery::map(as_outcome_t, F&& f, R&& range, map_options o) {
  return detail::map_in<true>(*this, on_loop, std::forward<F>(f), std::forward<R>(range), o);
}

}  // namespace kettle::inline KETTLE_ABI

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
