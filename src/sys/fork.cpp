#include "sys/fork.hpp"

#include "sys/outsiders.hpp"

#include <pthread.h>

namespace kettle::inline KETTLE_ABI::sys {

namespace {

void count() {
  forks++;
  threads_at_rest.store(0, relaxed);
}

void watch() noexcept {
  static const bool watched = ::pthread_atfork(nullptr, nullptr, count) == 0;
  (void)watched;  // without memory for it a child is as it always was
}

}  // namespace

void in_forked_child(void (*handler)()) noexcept {
  watch();  // first, so that a handler finds it counted
  ::pthread_atfork(nullptr, nullptr, handler);
}

fork_mark::fork_mark() noexcept : seen_((watch(), forks)) {}

}  // namespace kettle::inline KETTLE_ABI::sys
