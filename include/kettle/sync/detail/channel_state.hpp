#pragma once
// A channel's items and its four operations.

#include <kettle/sync/detail/channel_base.hpp>

#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI::detail {

// A ring of `capacity_` items. An item that is sent to somebody who waits never enters it.
template <class T> class channel_state final : public channel_base {
 public:
  explicit channel_state(std::size_t capacity) : channel_base(capacity) {
    if (capacity) ring_.items = std::allocator<T>().allocate(capacity);
  }
  ~channel_state() { destroy(ring_, capacity_); }
  void push(T&& item) noexcept {
    std::construct_at(static_cast<T*>(ring_.items) + ring_.next_in, std::move(item));
    if (++ring_.next_in == capacity_) ring_.next_in = 0;
    ring_.count++;
  }
  T pop() noexcept {
    T* oldest = static_cast<T*>(ring_.items) + ring_.next_out;
    T item(std::move(*oldest));
    std::destroy_at(oldest);
    if (++ring_.next_out == capacity_) ring_.next_out = 0;
    ring_.count--;
    return item;
  }
  static void detach_from(channel_state* s, channel_side side, channel_end end) noexcept {
    if (!s) return;
    std::size_t capacity = s->capacity_;
    channel_ring left;
    bool last = s->detach(side, end, left);
    destroy(left, capacity);  // without the lock: an item may hold an end of this channel
    if (last) delete s;
  }

 private:
  static void destroy(channel_ring& r, std::size_t capacity) noexcept {
    if (!r.items) return;
    T* items = static_cast<T*>(r.items);
    for (; r.count > 0; r.count--) {
      std::destroy_at(items + r.next_out);
      if (++r.next_out == capacity) r.next_out = 0;
    }
    std::allocator<T>().deallocate(items, capacity);
  }
};

template <class T> class receive_wait : public channel_wait {
 public:
  explicit receive_wait(channel_end of) noexcept : channel_wait(of) {}
  receive_wait(const receive_wait& o) noexcept : channel_wait(o) {}
  std::optional<T> item_;

 protected:
  ~receive_wait() = default;
};

}  // namespace kettle::inline KETTLE_ABI::detail

namespace kettle::inline KETTLE_ABI {

template <class T>
class KETTLE_WAIT send_operation : public operation<send_operation<T>, detail::channel_wait> {
 public:
  static constexpr bool is_selectable = true;
  template <class... A>
  send_operation(detail::channel_state<T>* c, detail::channel_end of, std::in_place_t, A&&... a)
      : operation<send_operation<T>, detail::channel_wait>(of),
        channel_(c),
        item_(std::forward<A>(a)...) {}
  send_operation(send_operation&& o) noexcept
      : operation<send_operation<T>, detail::channel_wait>(o),
        channel_(o.channel_),
        item_(std::move(o.item_)) {}

  bool start() override;
  void unlink() noexcept override {
    if (channel_->remove_sender(*this)) delete channel_;
  }
  const char* what() const noexcept override { return "channel.send"; }
  void finish() {
    if (this->end_ == detail::wait_end::done) [[likely]]
      return;
    if (this->cancelled_meanwhile()) this->throw_cancelled();
    if (this->end_closed_) this->throw_end_closed();
    detail::channel_base::throw_end(this->end_);
  }

  detail::channel_state<T>* channel_;
  T item_;
};

// receive() and next() differ only in what they give at the end.
template <class T, class Op>
class KETTLE_WAIT receive_start : public operation<Op, detail::receive_wait<T>> {
 public:
  static constexpr bool is_selectable = true;
  receive_start(detail::channel_state<T>* c, detail::channel_end of) noexcept
      : operation<Op, detail::receive_wait<T>>(of), channel_(c) {}
  receive_start(const receive_start& o) noexcept
      : operation<Op, detail::receive_wait<T>>(o), channel_(o.channel_) {}

  bool start() final;
  void unlink() noexcept final {
    if (channel_->remove_receiver(*this)) delete channel_;
  }

 protected:
  std::optional<T>& taken() {
    if (!this->item_ && this->end_closed_) this->throw_end_closed();
    return this->item_;
  }

 private:
  detail::channel_state<T>* channel_;
};

template <class T>
class KETTLE_WAIT receive_operation final : public receive_start<T, receive_operation<T>> {
 public:
  using receive_start<T, receive_operation<T>>::receive_start;
  const char* what() const noexcept override { return "channel.receive"; }
  T finish() {
    std::optional<T>& item = this->taken();
    if (!item) throw end_of_channel();
    return std::move(*item);
  }
};

template <class T>
class KETTLE_WAIT next_operation final : public receive_start<T, next_operation<T>> {
 public:
  using receive_start<T, next_operation<T>>::receive_start;
  const char* what() const noexcept override { return "channel.next"; }
  std::optional<T> finish() { return std::move(this->taken()); }
};

namespace detail {

// Under the lock: hands item to somebody who waits, or keeps it; false: neither can be done now.
template <class T> bool give(channel_state<T>& c, T& item, queued_wait*& woken) noexcept {
  if (channel_wait* r = c.grant_receiver()) {
    static_cast<receive_wait<T>*>(r)->item_.emplace(std::move(item));
    woken = r;
    return true;
  }
  if (c.ring_.count == c.capacity_) return false;
  c.push(std::move(item));
  return true;
}

// Under the lock: the oldest item there is, and lets the next sender in.
template <class T>
bool fetch(channel_state<T>& c, std::optional<T>& item, queued_wait*& woken) noexcept {
  bool kept = c.ring_.count > 0;
  if (kept) item.emplace(c.pop());
  auto* sender = static_cast<send_operation<T>*>(c.grant_sender());
  woken = sender;
  if (!sender) return kept;
  if (kept)
    c.push(std::move(sender->item_));
  else
    item.emplace(std::move(sender->item_));
  return true;
}

}  // namespace detail

template <class T> bool send_operation<T>::start() {
  detail::queued_wait* woken = nullptr;
  {
    detail::small_guard locked(channel_->lock_);
    this->end_ = channel_->sending_state();
    if (this->end_ != detail::wait_end::done) return true;  // finish() throws
    if (!detail::give(*channel_, item_, woken)) return !channel_->waits_to_send(*this);
  }
  if (woken) woken->granted();
  return true;
}

template <class T, class Op> bool receive_start<T, Op>::start() {
  detail::queued_wait* woken = nullptr;
  {
    detail::small_guard locked(channel_->lock_);
    if (!detail::fetch(*channel_, this->item_, woken)) return !channel_->waits_to_receive(*this);
  }
  if (woken) woken->granted();
  return true;
}

}  // namespace kettle::inline KETTLE_ABI
