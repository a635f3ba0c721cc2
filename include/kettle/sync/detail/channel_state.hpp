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
  explicit channel_state(std::size_t capacity)
      : channel_base(capacity),
        items_(capacity ? std::allocator<T>().allocate(capacity) : nullptr) {}
  ~channel_state() {
    while (count_ > 0) pop();
    if (items_) std::allocator<T>().deallocate(items_, capacity_);
  }
  void push(T&& item) noexcept {
    std::construct_at(items_ + next_in_, std::move(item));
    if (++next_in_ == capacity_) next_in_ = 0;
    count_++;
  }
  T pop() noexcept {
    T* oldest = items_ + next_out_;
    T item(std::move(*oldest));
    std::destroy_at(oldest);
    if (++next_out_ == capacity_) next_out_ = 0;
    count_--;
    return item;
  }
  static void detach_from(channel_state* s, channel_side side) noexcept {
    if (s && s->detach(side)) delete s;
  }

 private:
  T* items_;
  std::size_t next_in_ = 0, next_out_ = 0;
};

template <class T> class receive_wait : public queued_wait {
 public:
  receive_wait() noexcept = default;
  receive_wait(const receive_wait& o) noexcept : queued_wait(o) {}
  std::optional<T> item_;

 protected:
  ~receive_wait() = default;
};

}  // namespace kettle::inline KETTLE_ABI::detail

namespace kettle::inline KETTLE_ABI {

template <class T>
class KETTLE_WAIT send_operation : public operation<send_operation<T>, detail::queued_wait> {
 public:
  static constexpr bool is_selectable = true;
  template <class... A>
  send_operation(detail::channel_state<T>* c, std::in_place_t, A&&... a)
      : channel_(c), item_(std::forward<A>(a)...) {}
  send_operation(send_operation&& o) noexcept
      : operation<send_operation<T>, detail::queued_wait>(o),
        channel_(o.channel_),
        item_(std::move(o.item_)) {}

  bool start() override;
  void unlink() noexcept override { channel_->remove_sender(*this); }
  const char* what() const noexcept override { return "channel.send"; }
  void finish() {
    if (this->end_ == detail::wait_end::done) [[likely]]
      return;
    if (this->cancelled_meanwhile()) this->throw_cancelled();
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
  explicit receive_start(detail::channel_state<T>* c) noexcept : channel_(c) {}
  receive_start(const receive_start& o) noexcept
      : operation<Op, detail::receive_wait<T>>(o), channel_(o.channel_) {}

  bool start() final;
  void unlink() noexcept final { channel_->remove_receiver(*this); }

 private:
  detail::channel_state<T>* channel_;
};

template <class T>
class KETTLE_WAIT receive_operation final : public receive_start<T, receive_operation<T>> {
 public:
  using receive_start<T, receive_operation<T>>::receive_start;
  const char* what() const noexcept override { return "channel.receive"; }
  T finish() {
    if (!this->item_) throw end_of_channel();
    return std::move(*this->item_);
  }
};

template <class T>
class KETTLE_WAIT next_operation final : public receive_start<T, next_operation<T>> {
 public:
  using receive_start<T, next_operation<T>>::receive_start;
  const char* what() const noexcept override { return "channel.next"; }
  std::optional<T> finish() { return std::move(this->item_); }
};

namespace detail {

// Under the lock: hands item to somebody who waits, or keeps it; false: neither can be done now.
template <class T> bool give(channel_state<T>& c, T& item, queued_wait*& woken) noexcept {
  if (queued_wait* r = c.waiting_receivers_.grant_first()) {
    static_cast<receive_wait<T>*>(r)->item_.emplace(std::move(item));
    woken = r;
    return true;
  }
  if (c.count_ == c.capacity_) return false;
  c.push(std::move(item));
  return true;
}

// Under the lock: the oldest item there is, and lets the next sender in.
template <class T>
bool fetch(channel_state<T>& c, std::optional<T>& item, queued_wait*& woken) noexcept {
  if (c.count_ > 0) {
    item.emplace(c.pop());
    if ((woken = c.waiting_senders_.grant_first()))
      c.push(std::move(static_cast<send_operation<T>*>(woken)->item_));
    return true;
  }
  if (!(woken = c.waiting_senders_.grant_first())) return false;
  item.emplace(std::move(static_cast<send_operation<T>*>(woken)->item_));
  return true;
}

}  // namespace detail

template <class T> bool send_operation<T>::start() {
  detail::queued_wait* woken = nullptr;
  {
    detail::small_guard locked(channel_->lock_);
    this->end_ = channel_->sending_state();
    if (this->end_ != detail::wait_end::done) return true;  // finish() throws
    if (!detail::give(*channel_, item_, woken)) {
      channel_->waiting_senders_.push_back(*this);
      return false;
    }
  }
  if (woken) woken->granted();
  return true;
}

template <class T, class Op> bool receive_start<T, Op>::start() {
  detail::queued_wait* woken = nullptr;
  {
    detail::small_guard locked(channel_->lock_);
    if (!detail::fetch(*channel_, this->item_, woken) &&
        channel_->ended_ == detail::wait_end::done) {
      channel_->waiting_receivers_.push_back(*this);
      return false;
    }
  }
  if (woken) woken->granted();
  return true;
}

}  // namespace kettle::inline KETTLE_ABI
