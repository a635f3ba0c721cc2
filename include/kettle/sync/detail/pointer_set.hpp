#pragma once
// A set of pointers that never allocates in insert(): who adds to it may be on another thread and
// must not fail. Open addressing with linear probing; erasing moves the rest of the run up
// (Knuth 6.4, algorithm R).

#include <kettle/base/require.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kettle::inline KETTLE_ABI::detail {

class pointer_set {
 public:
  std::size_t size() const noexcept { return size_; }

  void reserve(std::size_t n) {
    if (2 * n <= slots_.size()) return;
    std::size_t room = 8;
    while (room < 2 * n) room *= 2;
    std::vector<const void*> old = std::exchange(slots_, std::vector<const void*>(room));
    size_ = 0;
    for (const void* p : old)
      if (p) insert(p);
  }
  bool contains(const void* p) const noexcept { return !slots_.empty() && slots_[find(p)] == p; }
  void insert(const void* p) noexcept {  // room was reserved
    slots_[find(p)] = p;
    size_++;
  }
  void erase(const void* p) noexcept {
    std::size_t hole = find(p);
    if (slots_[hole] != p) return;
    size_--;
    for (std::size_t i = next(hole); slots_[i]; i = next(i)) {
      std::size_t home = home_of(slots_[i]);
      bool stays = hole < i ? (home > hole && home <= i) : (home > hole || home <= i);
      if (stays) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = nullptr;
  }

 private:
  std::size_t next(std::size_t i) const noexcept { return (i + 1) & (slots_.size() - 1); }
  std::size_t home_of(const void* p) const noexcept {
    // Fibonacci hashing: contexts lie at multiples of 16 bytes.
    return (std::uint64_t(reinterpret_cast<std::uintptr_t>(p)) * 0x9E3779B97F4A7C15u >> 32) &
           (slots_.size() - 1);
  }
  std::size_t find(const void* p) const noexcept {
    std::size_t i = home_of(p);
    while (slots_[i] && slots_[i] != p) i = next(i);
    return i;
  }

  std::vector<const void*> slots_;
  std::size_t size_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI::detail
