#pragma once
// The four files that client, server and workers share (table.hpp), made by the client and found by
// the others at known descriptors.
//
//   shared_memory m;  m.make();                     // client: throws io_error
//   shared_memory m;  m.find();                     // server and its forks

#include "processes/windows.hpp"
#include "sys/eventfd.hpp"

#include <kettle/processes/codec.hpp>

#include <vector>

namespace kettle::inline KETTLE_ABI {

class shared_memory {
 public:
  void make();
  bool find() noexcept;

  request_table& requests() const noexcept {
    return *static_cast<request_table*>(request_view_.data());
  }
  answer_table& answers() const noexcept {
    return *static_cast<answer_table*>(answer_view_.data());
  }
  // The client's: what workers get of requests and large arguments cannot be written through.
  void give(int (&fds)[shared_fds - 1]) const noexcept;

  // Where so many bytes of a slot's arguments or result lie: in the table, or in its window. For
  // whoever owns the slot. Null: there is no room for so many.
  unsigned char* request_room(std::uint32_t slot, std::size_t size) noexcept {
    return size <= inline_bytes ? requests().requests[slot].bytes : arguments_.room(slot, size);
  }
  unsigned char* answer_room(std::uint32_t slot, std::size_t size) noexcept {
    return size <= inline_bytes ? answers().answers[slot].bytes : results_.room(slot, size);
  }
  // The slot is free: what lay in its windows is not needed any more, but their memory may be.
  void keep(std::uint32_t slot, std::size_t request_size, std::size_t answer_size) noexcept;
  void result_is_lost(std::uint32_t slot) noexcept { results_.empty(slot); }
  bool keeps_much() const noexcept { return arguments_.keeps_much() || results_.keeps_much(); }
  void give_back() noexcept { arguments_.give_back(), results_.give_back(); }

  void ring_bell() const noexcept;
  int bell() const noexcept { return bell_.get(); }
  std::uint64_t take_bell() const noexcept { return bell_.take(); }

 private:
  sys::memfd make_file(const char* name, std::size_t size);
  int bell_file_ = -1;
  windows arguments_, results_;
  std::vector<sys::memfd> files_;
  sys::unique_fd request_reader_, large_reader_;
  sys::event_fd bell_;
  sys::mapping request_view_, answer_view_;
};

// Writes into a slot's own memory, so that nothing is copied to where the other process reads it.
class slot_encoder final : public encoder {
 public:
  using side = unsigned char* (shared_memory::*)(std::uint32_t, std::size_t) noexcept;
  slot_encoder(shared_memory& memory, side room) noexcept : memory_(memory), room_(room) {}

  void begin(std::uint32_t slot) noexcept {
    slot_ = slot, in_window_ = false;
    restart_in((memory_.*room_)(slot, inline_bytes), inline_bytes);
  }
  std::uint32_t slot() const noexcept { return slot_; }

 private:
  void grow(std::size_t more) override;
  shared_memory& memory_;
  side room_;
  std::uint32_t slot_ = 0;
  bool in_window_ = false;
};

}  // namespace kettle::inline KETTLE_ABI
