#pragma once
// Every atomic of the library: a thin face on the compiler's __atomic builtins.
//
//   atomic<int> n{0};
//   n.fetch_add(1, relaxed);
//
// Why not <atomic>: it costs 36 000 preprocessed lines, and one place through which all atomics go
// is where an explored build can put its scheduling points. The order is always written, with its
// reason beside it.

#include <kettle/base/require.hpp>

#include <type_traits>

namespace kettle::inline KETTLE_ABI {

enum class memory_order : int {
  relaxed = __ATOMIC_RELAXED,
  acquire = __ATOMIC_ACQUIRE,
  release = __ATOMIC_RELEASE,
  acq_rel = __ATOMIC_ACQ_REL,
  seq_cst = __ATOMIC_SEQ_CST,
};
inline constexpr memory_order relaxed = memory_order::relaxed;
inline constexpr memory_order acquire = memory_order::acquire;
inline constexpr memory_order release = memory_order::release;
inline constexpr memory_order acq_rel = memory_order::acq_rel;
inline constexpr memory_order seq_cst = memory_order::seq_cst;

}  // namespace kettle::inline KETTLE_ABI

#if defined(KETTLE_EXPLORED)
#include <kettle/base/explored_atomic.hpp>
#else

namespace kettle::inline KETTLE_ABI {

template <class T> class atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);  // NOLINT: pointers too

 public:
  constexpr atomic() noexcept : value_{} {}
  constexpr explicit(false) atomic(T value) noexcept : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(memory_order order) const noexcept {
    T out;
    __atomic_load(&value_, &out, int(order));
    return out;
  }
  void store(T value, memory_order order) noexcept { __atomic_store(&value_, &value, int(order)); }
  T exchange(T value, memory_order order) noexcept {
    T out;
    __atomic_exchange(&value_, &value, &out, int(order));
    return out;
  }
  // On failure `expected` is the value found, read with `failed`.
  bool compare_exchange_strong(T& expected, T desired, memory_order order,
                               memory_order failed = memory_order::relaxed) noexcept {
    return __atomic_compare_exchange(&value_, &expected, &desired, false, int(order), int(failed));
  }
  bool compare_exchange_weak(T& expected, T desired, memory_order order,
                             memory_order failed = memory_order::relaxed) noexcept {
    return __atomic_compare_exchange(&value_, &expected, &desired, true, int(order), int(failed));
  }
  T fetch_add(T n, memory_order order) noexcept {
    return __atomic_fetch_add(&value_, n, int(order));
  }
  T fetch_sub(T n, memory_order order) noexcept {
    return __atomic_fetch_sub(&value_, n, int(order));
  }
  T fetch_or(T bits, memory_order order) noexcept {
    return __atomic_fetch_or(&value_, bits, int(order));
  }
  T fetch_and(T bits, memory_order order) noexcept {
    return __atomic_fetch_and(&value_, bits, int(order));
  }

  // The word itself, for a futex call.
  T* address() noexcept { return &value_; }
  const T* address() const noexcept { return &value_; }

 private:
  alignas(sizeof(T)) T value_;  // NOLINT: pointers too
};

}  // namespace kettle::inline KETTLE_ABI

#endif
