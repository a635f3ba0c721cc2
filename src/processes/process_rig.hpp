#pragma once
// For the tests of this room.
//
//   SKIP_FORK_OF_THREADED();      // first in a test that forks this process as it is

#include <gtest/gtest.h>

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#if !defined(UNDER_TSAN)
#define UNDER_TSAN 0
#endif

#define SKIP_FORK_OF_THREADED() \
  if (UNDER_TSAN) GTEST_SKIP() << "TSan allows no new thread in the fork of a threaded process"
