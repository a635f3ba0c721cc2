#pragma once
// An object that outlives all static destructors, in static memory: making it cannot fail for want
// of memory, and a leak checker has nothing to report.
//
//   static never_destroyed<registry> all;      // all.object
//
// Threads: as a function's static variable.

#include <kettle/base/require.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI {

template <class T> union never_destroyed {
  template <class... A> explicit never_destroyed(A&&... a) : object(std::forward<A>(a)...) {}
  never_destroyed(const never_destroyed&) = delete;
  never_destroyed& operator=(const never_destroyed&) = delete;
  ~never_destroyed() {}

  T object;
};

}  // namespace kettle::inline KETTLE_ABI
