#pragma once
// What a channel is but for its items: who holds on to it, who waits, whether it has ended.
// Compiled once.

#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI::detail {

enum class channel_side : std::uint8_t { object, sending, receiving };

class channel_base {
 public:
  explicit channel_base(std::size_t capacity) noexcept : capacity_(capacity) {}
  channel_base(const channel_base&) = delete;
  channel_base& operator=(const channel_base&) = delete;

  void attach(channel_side side);  // usage_error: this side of the channel has gone for good
  void attach_copy(channel_side side) noexcept;
  bool detach(channel_side side) noexcept;  // true: that was the last of all, free it
  void close() noexcept;
  std::size_t size() const noexcept;
  std::size_t capacity() const noexcept { return capacity_; }

  void remove_sender(queued_wait& w) noexcept;
  void remove_receiver(queued_wait& w) noexcept;
  // Under the lock.
  wait_end sending_state() const noexcept { return broken_ ? wait_end::broken : ended_; }
  [[noreturn]] static void throw_end(wait_end how);

  mutable small_lock lock_;
  bool broken_ = false;              // every receiver has gone
  wait_end ended_ = wait_end::done;  // ended: every sender has gone; closed: by close()
  std::uint32_t holders_ = 1;        // the ends and the channel object
  std::uint32_t senders_ = 0;
  std::uint32_t receivers_ = 0;
  const std::size_t capacity_;
  std::size_t count_ = 0;
  wait_list waiting_senders_;
  wait_list waiting_receivers_;

 protected:
  ~channel_base() = default;

 private:
  void end(wait_end how, wait_list& woken) noexcept;
  void break_off(wait_list& woken) noexcept;
};

}  // namespace kettle::inline KETTLE_ABI::detail
