#pragma once
// Stacks for fibers: cut from large reservations, guarded, kept warm by a small cache.
//
//   stack_pool stacks;                      // one per home, touched by that thread only: no lock
//   stack s = stacks.take();                // s.top() grows down to s.bottom()
//   stacks.give(s);
//
// Lifetime: the pool owns the address space; every stack must have come back before it goes.
// Memory: a stack costs what was touched of it. The last `hot` stacks given back keep their pages;
// what lies beyond, or was not needed for a while, is given back to the kernel. A page-table page
// covers 2 MiB, so the stride decides what a sleeping fiber costs there: 0.5 KiB at 256 KiB, 132 B
// at 64 KiB. Guards: the lowest page of each stride traps. Kernels before 6.13 need a mapping per
// guard, of which there are about 32 000 for the whole process: beyond 20 000 at once a pattern
// stands in for the guard and is looked at when the stack comes back; this is said once on stderr.

#include <kettle/base/require.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kettle::inline KETTLE_ABI {

struct stack_options {
  std::size_t stride_bytes = 256 * 1024;  // address space per stack, its guard included; rounded
  std::size_t hot = 1024;                 // stacks that keep their memory when given back
};

class stack {
 public:
  stack() noexcept = default;
  stack(std::byte* low, std::byte* top, bool guarded) noexcept
      : low_(low), top_(top), guarded_(guarded) {}

  std::byte* top() const noexcept { return top_; }
  std::byte* bottom() const noexcept { return low_; }  // the lowest usable byte
  std::size_t size() const noexcept { return std::size_t(top_ - low_); }
  bool guarded() const noexcept { return guarded_; }  // the page below traps
  explicit operator bool() const noexcept { return top_ != nullptr; }

 private:
  std::byte* low_ = nullptr;
  std::byte* top_ = nullptr;
  bool guarded_ = false;
};

class stack_pool {
 public:
  explicit stack_pool(stack_options options = {});
  ~stack_pool();
  stack_pool(const stack_pool&) = delete;
  stack_pool& operator=(const stack_pool&) = delete;

  // Throws io_error when there is no address space left.
  stack take() {
    if (hot_.empty()) [[unlikely]]
      return take_cold();
    stack s = hot_.back();
    hot_.pop_back();
    if (hot_.size() < least_hot_) least_hot_ = hot_.size();
    out_++;
    return s;
  }
  void give(stack s) noexcept {
    if (!s.guarded()) [[unlikely]]
      check_pattern(s);
    out_--;
    if (hot_.size() == options_.hot || ++gives_ == gives_per_period) [[unlikely]]
      return give_slow(s);
    hot_.push_back(s);  // room was reserved
  }
  void trim() noexcept;  // gives back the memory of every stack not in use

  std::size_t in_use() const noexcept { return out_; }
  std::size_t kept_hot() const noexcept { return hot_.size(); }
  const stack_options& options() const noexcept { return options_; }

 private:
  static constexpr std::size_t gives_per_period = 4096;
  struct slab {
    std::byte* base;
    std::size_t bytes;
  };

  stack take_cold();
  stack carve();
  void add_slab();
  void give_slow(stack s) noexcept;
  void cool(stack s) noexcept;
  bool guard(std::byte* low) noexcept;
  static void write_pattern(std::byte* bottom) noexcept;
  static void check_pattern(stack s) noexcept;

  stack_options options_;
  std::size_t page_bytes_;
  std::vector<stack> hot_;  // last in, first out: the one used last is the warmest
  std::vector<stack> cold_;
  std::size_t least_hot_ = 0;  // the fewest hot stacks in this period: that many were not needed
  std::size_t gives_ = 0;
  std::size_t out_ = 0;
  std::size_t carved_ = 0;  // of all slabs
  std::size_t left_in_slab_ = 0;
  std::byte* next_ = nullptr;
  std::vector<slab> slabs_;
  long mapped_guards_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI
