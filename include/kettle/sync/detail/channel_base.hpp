#pragma once
// What a channel is but for its items: who holds on to it, who waits, whether it has ended.
// Compiled once.

#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kettle::inline KETTLE_ABI::detail {

enum class channel_side : std::uint8_t { object, sending, receiving };

// An end of a channel, or its object: which one, and which of those that have had the number.
struct channel_end {
  std::uint32_t number = 0;  // 0: the object
  std::uint32_t turn = 0;
};

class channel_wait : public queued_wait {
 public:
  explicit channel_wait(channel_end of) noexcept : of_(of) {}
  channel_wait(const channel_wait& o) noexcept : queued_wait(o), of_(o.of_) {}

 protected:
  ~channel_wait() = default;
  [[noreturn]] static void throw_end_closed();

  friend class channel_base;
  channel_end of_;
  bool end_closed_ = false;  // its own end has gone
};

// The items on the way, oldest first from next_out.
struct channel_ring {
  void* items = nullptr;
  std::size_t next_in = 0, next_out = 0, count = 0;
};

class channel_base {
 public:
  explicit channel_base(std::size_t capacity) : capacity_(capacity) {}
  channel_base(const channel_base&) = delete;
  channel_base& operator=(const channel_base&) = delete;

  channel_end attach(channel_side side);  // usage_error: this side of the channel has gone for good
  channel_end attach_copy(channel_side side);
  // Ends what the end still waits for. Items that nobody can receive any more go over to `left`.
  // True: that was the last of all, free it.
  bool detach(channel_side side, channel_end end, channel_ring& left) noexcept;
  void close() noexcept;
  std::size_t size() const noexcept;
  std::size_t capacity() const noexcept { return capacity_; }

  // True: no end is left and nobody else waits, free it.
  [[nodiscard]] bool remove_sender(channel_wait& w) noexcept;
  [[nodiscard]] bool remove_receiver(channel_wait& w) noexcept;
  // Under the lock.
  wait_end sending_state() const noexcept { return broken_ ? wait_end::broken : ended_; }
  bool receiving_is_over() const noexcept { return broken_ || ended_ != wait_end::done; }
  // False: it need not wait, its end has gone, or nothing will come.
  bool waits_to_send(channel_wait& w) noexcept {
    return !its_end_has_gone(w) && add(waiting_senders_, w);
  }
  bool waits_to_receive(channel_wait& w) noexcept {
    return !its_end_has_gone(w) && !receiving_is_over() && add(waiting_receivers_, w);
  }
  channel_wait* grant_sender() noexcept { return grant_first(waiting_senders_); }
  channel_wait* grant_receiver() noexcept { return grant_first(waiting_receivers_); }
  [[noreturn]] static void throw_end(wait_end how);

  mutable small_lock lock_;
  bool broken_ = false;              // every receiver has gone
  wait_end ended_ = wait_end::done;  // ended: every sender has gone; closed: by close()
  std::uint32_t holders_ = 1;        // the ends and the channel object
  std::uint32_t senders_ = 0;
  std::uint32_t receivers_ = 0;
  const std::size_t capacity_;
  channel_ring ring_;

 protected:
  ~channel_base() = default;

 private:
  struct end_slot {
    std::uint32_t turn = 0;
    std::uint32_t waits = 0;      // of its end, in the lists
    std::uint32_t next_free = 0;  // while no end has the number
  };
  bool its_end_has_gone(channel_wait& w) noexcept;
  bool add(wait_list& to, channel_wait& w) noexcept {
    ends_[w.of_.number].waits++;
    to.push_back(w);
    return true;
  }
  void leaves(channel_wait& w) noexcept {
    if (end_slot& s = ends_[w.of_.number]; s.turn == w.of_.turn) s.waits--;
  }
  channel_wait* grant_first(wait_list& from) noexcept {
    auto* w = static_cast<channel_wait*>(from.grant_first());
    if (w) leaves(*w);
    return w;
  }
  void grant_all(wait_list& from, wait_list& woken, wait_end how) noexcept;
  channel_end new_end();
  void end_goes(channel_end end, wait_list& woken) noexcept;
  static void end_waits_of(channel_end end, wait_list& from, wait_list& woken) noexcept;
  bool remove(wait_list& from, channel_wait& w) noexcept;
  bool is_left() const noexcept {
    return holders_ == 0 && waiting_senders_.empty() && waiting_receivers_.empty();
  }
  void end(wait_end how, wait_list& woken) noexcept;
  void break_off(wait_list& woken) noexcept;

  wait_list waiting_senders_;
  wait_list waiting_receivers_;
  // By number. An end that goes and waits for nothing is not looked for among the waits of all
  // others.
  std::vector<end_slot> ends_{1};
  std::uint32_t free_end_ = 0;  // 0: none
};

}  // namespace kettle::inline KETTLE_ABI::detail
