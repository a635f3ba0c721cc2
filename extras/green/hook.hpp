#pragma once
// How a function of libc is taken over.
//
//   static libc_function<decltype(::sleep)> next_sleep{"sleep"};
//   KETTLE_GREEN_HOOK unsigned sleep(unsigned s) { return self ? ... : next_sleep(s); }
//
// On a thread that is no fiber the function that would have been called without us runs, found when
// it is first needed: a library's constructor may call before ours has run.
// Threads: any.

#include "green/fiber.hpp"

#include <cerrno>

#define KETTLE_GREEN_HOOK extern "C" __attribute__((visibility("default")))

namespace kettle::inline KETTLE_ABI::green {

void* find_next(const char* name, const char* version) noexcept;

template <class F> class libc_function;
template <class R, class... Arguments> class libc_function<R(Arguments...)> {
 public:
  // `version` only where libc has an older one of another meaning.
  explicit constexpr libc_function(const char* name, const char* version = nullptr) noexcept
      : name_(name), version_(version) {}

  R operator()(Arguments... arguments) const { return found()(arguments...); }
  explicit operator bool() const noexcept { return found() != nullptr; }
  const char* name() const noexcept { return name_; }

 private:
  using pointer = R (*)(Arguments...);
  pointer found() const noexcept {
    // Two threads may look it up at once and find the same: relaxed.
    pointer f = found_.load(relaxed);
    if (!f) {
      f = reinterpret_cast<pointer>(find_next(name_, version_));
      found_.store(f, relaxed);
    }
    return f;
  }
  const char* name_;
  const char* version_;
  mutable atomic<pointer> found_{nullptr};
};
template <class R, class... Arguments>
class libc_function<R(Arguments...) noexcept> : public libc_function<R(Arguments...)> {
 public:
  using libc_function<R(Arguments...)>::libc_function;
};

// A raw result as libc gives it.
inline long as_libc(long result) noexcept {
  if (result >= 0) return result;
  errno = int(-result);
  return -1;
}

// Acts on a pthread_cancel() of this fiber, which unwinds.
void test_cancel();

}  // namespace kettle::inline KETTLE_ABI::green
