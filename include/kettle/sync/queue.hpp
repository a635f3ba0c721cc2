#pragma once
// queue<T>: work for whoever comes next, in an order of one's choice, and a way to wait until all
// of it is done.
//
//   queue<job> work({.capacity = 100, .order = queue_order::priority});
//   co_await work.send(std::move(j));                 // waits while it is full
//   while (auto j = co_await work.next()) {           // until it is closed and nothing is left
//     do_it(*j);
//     work.task_done();
//   }
//   co_await work.join();                             // every item taken, and done
//
// Orders: first in first out, last in first out, or by priority: what `Before` puts first, and of
// equal items the one that came first; `Before` must not throw. Items that wait because the queue
// is full are not in it yet. Without a capacity a send never waits. channel<T> is the faster one
// where only the first order is needed, and has ends that close themselves. Closing: drain: sends
// fail with closed_resource, receivers take what is left, then the end. cancel (or kill): what is
// left is dropped at once and counts as done. Idempotent. Lifetime: it outlives its waits.
// Cancellation: a cancelled send has sent nothing, a cancelled receive has taken nothing; an item
// that went over is returned though the scope was cancelled meanwhile: the next wait throws. Fair:
// senders and receivers in the order in which they came. Threads: any; each waiter goes on on its
// own home. Memory order: what was done before a send is visible after its receive, what was done
// before task_done() after the join.

#include <kettle/base/error.hpp>
#include <kettle/core/close_mode.hpp>
#include <kettle/sync/detail/item_is_safe.hpp>
#include <kettle/sync/detail/queue_base.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <utility>

namespace kettle::inline KETTLE_ABI {

struct queue_options {
  std::size_t capacity = ~std::size_t(0);  // 0: a send waits for its receiver
  queue_order order = queue_order::fifo;
};

struct least_first {
  template <class T>
    requires requires(const T& a, const T& b) { a < b; }
  bool operator()(const T& a, const T& b) const {
    return a < b;
  }
};

namespace detail {

template <class T> struct queue_item : queue_node {
  template <class... A>
  explicit queue_item(std::in_place_t, A&&... a) : value(std::forward<A>(a)...) {}
  T value;
};

template <class T> std::unique_ptr<queue_item<T>> item_of(queue_node* n) noexcept {
  return std::unique_ptr<queue_item<T>>(static_cast<queue_item<T>*>(n));
}

}  // namespace detail

template <class T>
class KETTLE_WAIT queue_send final : public operation<queue_send<T>, detail::queue_wait> {
 public:
  static constexpr bool is_selectable = true;
  queue_send(detail::queue_base& q, std::unique_ptr<detail::queue_item<T>> item) noexcept
      : operation<queue_send<T>, detail::queue_wait>(item.release()), queue_(&q) {}
  queue_send(queue_send&& o) noexcept = default;
  ~queue_send() { detail::item_of<T>(this->node_); }  // if it was not sent

  bool start() override { return queue_->start_send(*this); }
  void unlink() noexcept override { queue_->remove_sender(*this); }
  const char* what() const noexcept override { return "queue.send"; }
  void finish() {
    if (this->end_ == detail::wait_end::done) return;
    if (this->cancelled_meanwhile()) this->throw_cancelled();
    throw closed_resource("queue.send: the queue was closed");
  }

 private:
  detail::queue_base* queue_;
};

// receive() and next() differ only in what they give at the end.
template <class T, class Op>
class KETTLE_WAIT queue_receive_start : public operation<Op, detail::queue_wait> {
 public:
  static constexpr bool is_selectable = true;
  explicit queue_receive_start(detail::queue_base& q) noexcept : queue_(&q) {}

  bool start() final { return queue_->start_receive(*this); }
  void unlink() noexcept final { queue_->remove_receiver(*this); }

 protected:
  std::optional<T> take() {
    auto item = detail::item_of<T>(std::exchange(this->node_, nullptr));
    if (!item) return std::nullopt;
    return std::move(item->value);
  }

 private:
  detail::queue_base* queue_;
};

template <class T>
class KETTLE_WAIT queue_receive final : public queue_receive_start<T, queue_receive<T>> {
 public:
  using queue_receive_start<T, queue_receive<T>>::queue_receive_start;
  const char* what() const noexcept override { return "queue.receive"; }
  T finish() {
    std::optional<T> item = this->take();
    if (!item) throw end_of_channel();
    return std::move(*item);
  }
};

template <class T>
class KETTLE_WAIT queue_next final : public queue_receive_start<T, queue_next<T>> {
 public:
  using queue_receive_start<T, queue_next<T>>::queue_receive_start;
  const char* what() const noexcept override { return "queue.next"; }
  std::optional<T> finish() { return this->take(); }
};

class KETTLE_WAIT queue_join final : public operation<queue_join, detail::queued_wait> {
 public:
  static constexpr bool is_selectable = true;
  explicit queue_join(detail::queue_base& q) noexcept : queue_(&q) {}
  bool start() override { return queue_->start_join(*this); }
  void unlink() noexcept override { queue_->remove_joiner(*this); }
  const char* what() const noexcept override { return "queue.join"; }
  void finish() noexcept {}

 private:
  detail::queue_base* queue_;
};

template <class T, class Before = least_first> class queue : private detail::queue_base {
 public:
  explicit queue(queue_options o = {}) : queue_base(o.order, o.capacity, before) {
    if (o.order == queue_order::priority && !has_order)
      throw usage_error("queue: its items cannot be compared: say what comes before what");
  }
  ~queue() { drop(take_all()); }

  template <class U>
    requires std::constructible_from<T, U>
  queue_send<T> send(U&& x) {
    detail::check_item<U&&>();
    return emplace(std::forward<U>(x));
  }
  template <class... A> queue_send<T> emplace(A&&... a) {
    return queue_send<T>(*this, make(std::forward<A>(a)...));
  }
  // False: it would have to wait, or the queue is closed; then x is lost.
  template <class U>
    requires std::constructible_from<T, U>
  bool try_send(U&& x) {
    auto item = make(std::forward<U>(x));
    if (!queue_base::try_send(*item)) return false;
    item.release();
    return true;
  }

  // At the end receive() throws end_of_channel, next() gives nothing.
  queue_receive<T> receive() noexcept { return queue_receive<T>(*this); }
  queue_next<T> next() noexcept { return queue_next<T>(*this); }
  // Empty: nothing is there now. end_of_channel at the end.
  std::optional<T> try_receive() {
    bool ended;
    auto item = detail::item_of<T>(queue_base::try_receive(ended));
    if (ended) throw end_of_channel();
    if (!item) return std::nullopt;
    return std::move(item->value);
  }

  // An item that was received is done. usage_error: more often than items were received.
  using queue_base::task_done;
  // A wait: until nothing is in it, and everything that was received is done.
  queue_join join() noexcept { return queue_join(*this); }
  void close(close_mode mode = close_mode::drain) noexcept {
    if (mode == close_mode::drain)
      queue_base::close();
    else
      drop(close_and_empty());
  }

  using queue_base::capacity;
  using queue_base::closed;
  using queue_base::size;  // items in it

 private:
  using item = detail::queue_item<T>;
  static constexpr bool has_order = std::predicate<Before, const T&, const T&>;
  static bool before(const detail::queue_node& a, const detail::queue_node& b) noexcept {
    if constexpr (has_order)
      return Before()(static_cast<const item&>(a).value, static_cast<const item&>(b).value);
    else
      return false;
  }
  template <class... A> static std::unique_ptr<item> make(A&&... a) {
    return std::make_unique<item>(std::in_place, std::forward<A>(a)...);
  }
  static void drop(detail::queue_node* list) noexcept {
    while (list) detail::item_of<T>(std::exchange(list, list->left));
  }
};

}  // namespace kettle::inline KETTLE_ABI
