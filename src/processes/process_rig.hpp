#pragma once
// For the tests of this room.
//
//   SKIP_FORK_OF_THREADED();      // first in a test that forks this process as it is

#include "base/sanitized.hpp"

#include <gtest/gtest.h>

#define SKIP_FORK_OF_THREADED() \
  if (KETTLE_TSAN) GTEST_SKIP() << "TSan allows no new thread in the fork of a threaded process"
