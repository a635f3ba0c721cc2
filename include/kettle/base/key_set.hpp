#pragma once
// A set of numbers other than zero that never allocates in insert(): the code that adds to it may
// be on another thread and must not fail. Open addressing with linear probing; erasing moves the
// rest of the run up (Knuth 6.4, algorithm R).

#include <kettle/base/require.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kettle::inline KETTLE_ABI::detail {

class key_set {
 public:
  using key = std::uint64_t;

  std::size_t size() const noexcept { return size_; }

  void reserve(std::size_t n) {
    if (2 * n <= slots_.size()) return;
    std::size_t room = 8;
    while (room < 2 * n) room *= 2;
    std::vector<key> old = std::exchange(slots_, std::vector<key>(room));
    size_ = 0;
    for (key k : old)
      if (k) insert(k);
  }
  bool contains(key k) const noexcept { return !slots_.empty() && slots_[find(k)] == k; }
  bool insert(key k) noexcept {  // room was reserved; false: it is there already
    key& slot = slots_[find(k)];
    if (slot == k) return false;
    slot = k;
    size_++;
    return true;
  }
  void erase(key k) noexcept {
    if (slots_.empty()) return;
    std::size_t hole = find(k);
    if (slots_[hole] != k) return;
    size_--;
    for (std::size_t i = next(hole); slots_[i]; i = next(i)) {
      std::size_t home = home_of(slots_[i]);
      bool stays = hole < i ? (home > hole && home <= i) : (home > hole || home <= i);
      if (stays) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = 0;
  }

 private:
  std::size_t next(std::size_t i) const noexcept { return (i + 1) & (slots_.size() - 1); }
  std::size_t home_of(key k) const noexcept {
    // Fibonacci hashing: keys may be addresses, multiples of 16, or numbers one after the other.
    return (k * 0x9E3779B97F4A7C15u >> 32) & (slots_.size() - 1);
  }
  std::size_t find(key k) const noexcept {
    std::size_t i = home_of(k);
    while (slots_[i] && slots_[i] != k) i = next(i);
    return i;
  }

  std::vector<key> slots_;
  std::size_t size_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI::detail
