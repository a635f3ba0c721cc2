#pragma once
// atomic<T> of an explored build: each operation is first a point of the explorer, at which another
// thread may run; see seam.hpp. Outside of an exploration it does what the ordinary one does.
// Included by atomic.hpp.

#include <kettle/base/seam.hpp>

#include <type_traits>

namespace kettle::inline KETTLE_ABI {

template <class T> class atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);  // NOLINT: pointers too
  using where = detail::seam::where;
  using step = detail::seam::step;

 public:
  constexpr atomic() noexcept : value_{} { born(); }
  constexpr explicit(false) atomic(T value) noexcept : value_(value) { born(); }
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;
  constexpr ~atomic() {
    if (!std::is_constant_evaluated() && detail::seam::exploring()) detail::seam::ended(this);
  }

  T load(memory_order order, where at = {}) const noexcept {
    T out;
    if (!detail::seam::exploring() ||
        !detail::seam::load(word(), size, static_cast<void*>(&out), order, at))
      __atomic_load(&value_, &out, int(order));
    return out;
  }
  void store(T value, memory_order order, where at = {}) noexcept {
    if (!detail::seam::exploring() ||
        !detail::seam::store(word(), size, static_cast<const void*>(&value), order, at))
      __atomic_store(&value_, &value, int(order));
  }
  T exchange(T value, memory_order order, where at = {}) noexcept {
    T out;
    begin(step::exchange, order, at);
    __atomic_exchange(&value_, &value, &out, int(order));
    end(order, out, value);
    return out;
  }
  bool compare_exchange_strong(T& expected, T desired, memory_order order,
                               memory_order failed = memory_order::relaxed,
                               where at = {}) noexcept {
    begin(step::compare_exchange, order, at);
    bool done =
        __atomic_compare_exchange(&value_, &expected, &desired, false, int(order), int(failed));
    // One that fails is a load: it publishes nothing.
    end(done                              ? order
        : failed == memory_order::relaxed ? failed
                                          : memory_order::acquire,
        expected, done ? desired : expected);
    return done;
  }
  // Never fails for no reason here.
  bool compare_exchange_weak(T& expected, T desired, memory_order order,
                             memory_order failed = memory_order::relaxed, where at = {}) noexcept {
    return compare_exchange_strong(expected, desired, order, failed, at);
  }
  T fetch_add(T n, memory_order order, where at = {}) noexcept {
    begin(step::fetch, order, at);
    T before = __atomic_fetch_add(&value_, n, int(order));
    end(order, before, T(before + n));
    return before;
  }
  T fetch_sub(T n, memory_order order, where at = {}) noexcept {
    begin(step::fetch, order, at);
    T before = __atomic_fetch_sub(&value_, n, int(order));
    end(order, before, T(before - n));
    return before;
  }
  T fetch_or(T bits, memory_order order, where at = {}) noexcept {
    begin(step::fetch, order, at);
    T before = __atomic_fetch_or(&value_, bits, int(order));
    end(order, before, T(before | bits));
    return before;
  }
  T fetch_and(T bits, memory_order order, where at = {}) noexcept {
    begin(step::fetch, order, at);
    T before = __atomic_fetch_and(&value_, bits, int(order));
    end(order, before, T(before & bits));
    return before;
  }

  // The word itself, for a futex call.
  T* address() noexcept { return &value_; }
  const T* address() const noexcept { return &value_; }

 private:
  constexpr void born() const noexcept {
    if (!std::is_constant_evaluated() && detail::seam::exploring()) detail::seam::born(this);
  }
  void begin(step what, memory_order order, where at) const noexcept {
    if (detail::seam::exploring()) detail::seam::modify(word(), what, order, at);
  }
  void end(memory_order order, const T& before, const T& after) const noexcept {
    if (detail::seam::exploring()) detail::seam::modified(word(), order, bits(before), bits(after));
  }
  static std::uint64_t bits(const T& value) noexcept {
    std::uint64_t out = 0;
    __builtin_memcpy(&out, static_cast<const void*>(&value), size);
    return out;
  }

  void* word() const noexcept { return const_cast<void*>(static_cast<const void*>(&value_)); }

  static constexpr std::size_t size = sizeof(T);  // NOLINT: pointers too
  alignas(sizeof(T)) T value_;                    // NOLINT: pointers too
};

}  // namespace kettle::inline KETTLE_ABI
