#pragma once
// Where the calling thread's stack ends.

#include <kettle/base/seam.hpp>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

// The lowest address of this thread's stack, the guard excluded. For the main thread the kernel
// grows the stack on demand, so the limit counts (at most 64 MiB of it: an unlimited stack must not
// reach into the heap).
inline char* stack_bottom() noexcept {
  if constexpr (explored_build)
    if (kettle::detail::seam::exploring()) return kettle::detail::seam::stack_bottom();
  if (::getpid() == ::gettid()) {
    rlimit limit{};
    ::getrlimit(RLIMIT_STACK, &limit);
    constexpr rlim_t most = 64u << 20;
    auto here = static_cast<char*>(__builtin_frame_address(0));
    // We stand near the top; what is above us (environment, main's frames) is taken off with a
    // quarter.
    return here - (limit.rlim_cur < most ? limit.rlim_cur : most) * 3 / 4;
  }
  pthread_attr_t attributes;
  void* low = nullptr;
  std::size_t size = 0;
  ::pthread_getattr_np(::pthread_self(), &attributes);
  ::pthread_attr_getstack(&attributes, &low, &size);
  ::pthread_attr_destroy(&attributes);
  return static_cast<char*>(low);
}

}  // namespace kettle::inline KETTLE_ABI::sys
