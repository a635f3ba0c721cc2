#pragma once
// The windows of one large file, one a slot, as this process sees them.
//
//   windows w;  w.use(fd, PROT_READ | PROT_WRITE);
//   unsigned char* bytes = w.room(slot, size);          // mapped when first used, then as it is
//   w.keep(slot, size);  w.give_back();                 // the client's: what the memory is for
//
// Pages stay in memory and in the map from one use to the next: fresh ones cost more than the copy.
// Threads: a slot's owner; keep() and give_back() one at a time.

#include "processes/table.hpp"
#include "sys/memfd.hpp"

#include <vector>

namespace kettle::inline KETTLE_ABI {

class windows {
 public:
  void use(int file, int access) {
    file_ = file, access_ = access;
    all_.resize(slot_count);
  }
  // The bytes that were there stay, the address does not. Null: there is no room for so many.
  unsigned char* room(std::uint32_t slot, std::size_t size) noexcept;

  // So much of it was used, and may stay in memory, up to a limit for all of them together...
  void keep(std::uint32_t slot, std::size_t size) noexcept;
  // ... and until there has been nothing to do for a while.
  bool keeps_much() const noexcept { return kept_ > 0; }
  void give_back() noexcept;
  void empty(std::uint32_t slot) noexcept;  // however much of it was used

 private:
  struct window {
    sys::mapping view;
    std::size_t kept = 0;  // bytes in memory
  };
  int file_ = -1, access_ = 0;
  std::vector<window> all_;
  std::size_t kept_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI
