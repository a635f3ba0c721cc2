#pragma once
// channel<T>: items from many senders to many receivers, in order, at most `capacity` of them on
// the way.
//
//   channel<int> numbers(16);  // 0: rendezvous, a send waits for its receiver
//   n.start(on_thread, produce, numbers.sender());  // produce: out.send(1).get();
//   while (auto x = co_await numbers.next()) ...    // until the last sender is gone
//
// Ends: sender() and receiver() are small and copyable; give them to whoever sends or receives. The
// last sender gone ends the channel; the last receiver gone breaks it off (broken_resource for
// senders, and what was still on the way is destroyed); both for good. The channel object is
// neither: it may be used to send and receive directly, keeps nothing open, and close() ends it by
// hand. So make every sender before the first one may go. Lifetime: the ends keep the channel
// alive, the object may go first. An end that is closed, assigned to or destroyed, and the object,
// ends its own waits with closed_resource, those of other ends go on; the last end of all goes
// after its waits have begun. Cancellation: a cancelled send has sent nothing, a cancelled receive
// has taken nothing. An item that went over is returned though the scope was cancelled meanwhile:
// the next wait throws. Fair: senders and receivers in the order in which they came. Threads: any;
// each waiter goes on on its own home. Memory order: what was done before a send is visible after
// its receive.

#include <kettle/sync/detail/channel_state.hpp>
#include <kettle/sync/detail/item_is_safe.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace detail {

// An end, or the channel object: what all three can do is written here once.
template <class T, channel_side Side> class channel_handle {
 public:
  channel_handle(const channel_handle& o)
      : state_(o.state_), end_(state_ ? state_->attach_copy(Side) : channel_end()) {}
  channel_handle(channel_handle&& o) noexcept
      : state_(std::exchange(o.state_, nullptr)), end_(o.end_) {}
  channel_handle& operator=(channel_handle o) noexcept {
    std::swap(state_, o.state_);
    std::swap(end_, o.end_);
    return *this;
  }
  ~channel_handle() { channel_state<T>::detach_from(state_, Side, end_); }

  std::size_t size() const { return state().size(); }  // items that wait to be received
  std::size_t capacity() const { return state().capacity(); }

 protected:
  channel_handle(channel_state<T>* s, channel_end end) noexcept : state_(s), end_(end) {}
  channel_state<T>& state() const {
    if (!state_) throw closed_resource("this end of the channel was closed or moved from");
    return *state_;
  }

  template <class... A> send_operation<T> send_of(A&&... a) const {
    return send_operation<T>(&state(), end_, std::in_place, std::forward<A>(a)...);
  }
  template <class U> send_operation<T> checked_send(U&& x) const {
    check_item<U&&>();
    return send_of(std::forward<U>(x));
  }
  template <class U> bool try_send_of(U&& x) const {
    channel_state<T>& c = state();
    T item(std::forward<U>(x));
    queued_wait* woken = nullptr;
    bool sent;
    {
      small_guard locked(c.lock_);
      sent = c.sending_state() == wait_end::done && give(c, item, woken);
    }
    if (woken) woken->granted();
    return sent;
  }
  std::optional<T> try_receive_of() const {
    channel_state<T>& c = state();
    std::optional<T> item;
    queued_wait* woken = nullptr;
    bool over;
    {
      small_guard locked(c.lock_);
      over = !fetch(c, item, woken) && c.receiving_is_over();
    }
    if (woken) woken->granted();
    if (over) throw end_of_channel();
    return item;
  }

  void close_end() noexcept {
    channel_state<T>::detach_from(std::exchange(state_, nullptr), Side, end_);
  }

  channel_state<T>* state_;
  channel_end end_;
};

}  // namespace detail

template <class T> class channel;

template <class T> class sender : public detail::channel_handle<T, detail::channel_side::sending> {
 public:
  // Waits while the channel is full. broken_resource: every receiver has gone; closed_resource: it
  // was closed.
  template <class U>
    requires std::constructible_from<T, U>
  send_operation<T> send(U&& x) const {
    return this->checked_send(std::forward<U>(x));
  }
  template <class... A> send_operation<T> emplace(A&&... a) const {
    return this->send_of(std::forward<A>(a)...);
  }
  // False: it would have to wait, or nobody will ever receive; then x is lost.
  template <class U>
    requires std::constructible_from<T, U>
  bool try_send(U&& x) const {
    return this->try_send_of(std::forward<U>(x));
  }
  // A send of this end that waits gets closed_resource: it has sent nothing.
  void close() noexcept { this->close_end(); }

 private:
  friend class channel<T>;
  static constexpr detail::channel_side side = detail::channel_side::sending;
  explicit sender(detail::channel_state<T>* s)
      : detail::channel_handle<T, side>(s, s->attach(side)) {}
};

template <class T>
class receiver : public detail::channel_handle<T, detail::channel_side::receiving> {
 public:
  receive_operation<T> receive() const {
    return receive_operation<T>(&this->state(), this->end_);
  }  // end_of_channel at the end
  next_operation<T> next() const {
    return next_operation<T>(&this->state(), this->end_);
  }  // empty at the end
  // Empty: nothing is there now. end_of_channel at the end.
  std::optional<T> try_receive() const { return this->try_receive_of(); }
  // A wait of this end gets closed_resource: it has taken nothing.
  void close() noexcept { this->close_end(); }

 private:
  friend class channel<T>;
  static constexpr detail::channel_side side = detail::channel_side::receiving;
  explicit receiver(detail::channel_state<T>* s)
      : detail::channel_handle<T, side>(s, s->attach(side)) {}
};

template <class T> class channel : private detail::channel_handle<T, detail::channel_side::object> {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "a channel's items move without throwing: what goes from one task to another must "
                "not get lost");
  using handle = detail::channel_handle<T, detail::channel_side::object>;

 public:
  explicit channel(std::size_t capacity) : handle(new detail::channel_state<T>(capacity), {}) {}
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  kettle::sender<T> sender() { return kettle::sender<T>(this->state_); }
  kettle::receiver<T> receiver() { return kettle::receiver<T>(this->state_); }

  template <class U>
    requires std::constructible_from<T, U>
  send_operation<T> send(U&& x) {
    return this->checked_send(std::forward<U>(x));
  }
  template <class... A> send_operation<T> emplace(A&&... a) {
    return this->send_of(std::forward<A>(a)...);
  }
  template <class U>
    requires std::constructible_from<T, U>
  bool try_send(U&& x) {
    return this->try_send_of(std::forward<U>(x));
  }
  receive_operation<T> receive() noexcept { return receive_operation<T>(this->state_, {}); }
  next_operation<T> next() noexcept { return next_operation<T>(this->state_, {}); }
  std::optional<T> try_receive() { return this->try_receive_of(); }

  // Sends fail with closed_resource from now on; receivers take what is left, then the end.
  // Idempotent.
  void close() noexcept { this->state_->close(); }
  using handle::capacity;
  using handle::size;
};

}  // namespace kettle::inline KETTLE_ABI
