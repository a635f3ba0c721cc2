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
// Dropping `results` cancels what flies; the nursery joins it. `at_once` 0 means the place's own
// width.

#include <kettle/base/spin_lock.hpp>
#include <kettle/core/outside_waker.hpp>
#include <kettle/coro/forms.hpp>

#include <deque>
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

template <class P> std::size_t width_of(const P& place) {
  if constexpr (requires { place.width(); })
    return place.width();
  else
    return 64;  // coroutines and fibers: enough to overlap waits, small enough not to read a whole
                // input ahead
}

// Where the items come from and how one is started.
template <class T> struct map_source {
  virtual ~map_source() = default;
  virtual bool start_next(future<T>& into) = 0;  // false: no more input
};

// Positions in the order in which their items ended; items end on any thread.
class completion_notes {
 public:
  void ended(std::size_t position) noexcept {
    wait_point* waiter = nullptr;
    {
      spin_guard here(lock_);
      ended_.push_back(position);
      if (waiter_ && waiter_->grant()) waiter = std::exchange(waiter_, nullptr);
    }
    if (waiter) waiter->granted();
  }

  class take_operation : public operation<take_operation> {
   public:
    explicit take_operation(completion_notes& n) noexcept : notes_(n) {}
    bool start() override {
      spin_guard here(notes_.lock_);
      if (!notes_.ended_.empty()) return true;
      notes_.waiter_ = this;
      return false;
    }
    void unlink() noexcept override {
      spin_guard here(notes_.lock_);
      notes_.waiter_ = nullptr;
    }
    const char* what() const noexcept override { return "map"; }
    std::size_t finish() noexcept {
      spin_guard here(notes_.lock_);
      std::size_t position = notes_.ended_.front();
      notes_.ended_.pop_front();
      return position;
    }

   private:
    completion_notes& notes_;
  };
  take_operation take() noexcept { return take_operation(*this); }

 private:
  spin_lock lock_;
  std::deque<std::size_t> ended_;
  wait_point* waiter_ = nullptr;
};

// An item of a map by completion: its end is noted, however it ends, also if it never began. The
// map and the end each let go of it.
template <class T> class noted_item final : public done_callback {
 public:
  struct lets_go {
    void operator()(noted_item* i) const noexcept { i->let_go(); }
  };
  using pointer = std::unique_ptr<noted_item, lets_go>;
  static pointer make(future<T> item, std::size_t position,
                      std::shared_ptr<completion_notes> notes) {
    pointer p(new noted_item(std::move(item), position, std::move(notes)));
    call_when_done(*future_access::child(p->item), p.get());
    return p;
  }
  void granted() noexcept override {
    notes_->ended(position_);
    let_go();
  }
  future<T> item;

 private:
  noted_item(future<T> f, std::size_t position, std::shared_ptr<completion_notes> notes) noexcept
      : item(std::move(f)), notes_(std::move(notes)), position_(position) {}
  void let_go() noexcept {
    if (holders_.fetch_sub(1, acq_rel) == 1) delete this;  // acq_rel: after all uses of the other
  }
  std::shared_ptr<completion_notes> notes_;
  std::size_t position_;
  atomic<int> holders_{2};
};

}  // namespace detail

template <class T> class results {
 public:
  using value_type = void_to_nothing<T>;

  results(std::unique_ptr<detail::map_source<T>> source, std::size_t at_once,
          std::shared_ptr<detail::completion_notes> notes, bool joins) noexcept
      : source_(std::move(source)), notes_(std::move(notes)), at_once_(at_once), joins_(joins) {}
  results(results&&) noexcept = default;
  results& operator=(results&&) = delete;
  ~results() { stop(); }

  // The next result; nothing after the last. Throws the error of the item whose turn it is; then
  // the rest is cancelled. A cancelled wait loses nothing: the item comes the next time.
  task<std::optional<value_type>> next() {
    fill();
    if (flying_.empty()) co_return std::nullopt;
    std::size_t at = 0;
    if (notes_) {
      if (!taken_) {
        std::optional<outside_waker> pool;  // whose tasks are no business of our run
        if (joins_) pool.emplace();
        taken_ = co_await notes_->take();  // kept: the wait for the item itself may be cancelled
      }
      at = note_end(*taken_);
    }
    std::optional<value_type> value;
    std::size_t position = flying_[at].position;
    try {
      if constexpr (std::is_void_v<T>)
        co_await flying_[at].future_here(), value.emplace();
      else
        value.emplace(co_await flying_[at].future_here());
    } catch (const cancelled&) {
      if (flying_[at].future_here().valid()) throw;  // our wait was cancelled, not the item
      stop();
      throw;
    } catch (...) {
      stop();
      throw;
    }
    taken_.reset();
    flying_.erase(flying_.begin() + std::ptrdiff_t(at));
    if constexpr (detail::is_outcome<value_type>) value->index = position;
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
  struct item_in_flight {
    std::size_t position;
    future<T> item;
    typename detail::noted_item<T>::pointer noted;  // by completion: has the future
    bool ended = false;                             // and it was noted
    future<T>& future_here() noexcept { return noted ? noted->item : item; }
  };

  void fill() {
    while (source_ && flying_.size() < at_once_) {
      flying_.push_back({next_position_, {}, {}});
      bool more = false;
      try {
        item_in_flight& f = flying_.back();
        more = source_->start_next(f.item);
        if (more && notes_)
          f.noted = detail::noted_item<T>::make(std::move(f.item), next_position_, notes_);
      } catch (...) {
        flying_.pop_back();
        throw;
      }
      if (more) {
        next_position_++;
      } else {
        flying_.pop_back();
        source_.reset();
      }
    }
  }
  // Where it is.
  std::size_t note_end(std::size_t position) noexcept {
    std::size_t i = 0;
    while (flying_[i].position != position) i++;
    flying_[i].ended = true;
    return i;
  }
  void stop() noexcept {
    source_.reset();
    for (auto& f : flying_) f.future_here().cancel();
    if (joins_) {
      for (auto& f : flying_) join(f);
    }
    flying_.clear();
  }
  void join(item_in_flight& f) noexcept {
    try {
      while (f.noted && !f.ended) note_end(*shielded(duration::max(), notes_->take()).get());
      if (f.future_here().valid()) (void)shielded(duration::max(), f.future_here()).get();
    } catch (...) {  // its turn never came: nobody asks for this error any more
    }
  }

  std::unique_ptr<detail::map_source<T>> source_;
  std::deque<item_in_flight> flying_;
  std::shared_ptr<detail::completion_notes> notes_;
  std::optional<value_type> current_;
  std::optional<std::size_t> taken_;  // by completion: whose turn it is
  std::size_t at_once_, next_position_ = 0;
  bool joins_;
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

enum class joining : bool { by_nursery, in_destructor };

// For nursery::map and the pools' map.
template <class F, class R, class Start>
auto make_results(F&& f, R&& range, Start start, map_options o, joining j) {
  using element = decltype(*std::begin(range));
  using item = decltype(start(std::declval<std::decay_t<F>&>(), std::declval<element>()));
  using T = typename item::value_type;
  std::shared_ptr<completion_notes> notes;
  if (o.order == map_order::completion) notes = std::make_shared<completion_notes>();
  auto source = std::make_unique<range_source<T, R, std::decay_t<F>, Start>>(
      std::forward<R>(range), std::forward<F>(f), std::move(start));
  return results<T>(std::move(source), o.at_once, std::move(notes), j == joining::in_destructor);
}

// Places are referred to: they are constants like on_thread, or pools that outlive what runs in
// them.
template <bool AsOutcome, class P, class F, class R>
auto map_in(nursery& n, P& place, F&& f, R&& range, map_options o) {
  if (o.at_once == 0) o.at_once = width_of(place);
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
