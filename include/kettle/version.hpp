#pragma once
// Which kettle this is.
//
//   #if KETTLE_VERSION < 200
//   #error "needs kettle 0.2"
//   #endif
//   std::puts(kettle::version);

#include <kettle/base/require.hpp>

#define KETTLE_VERSION 100  // major * 10000 + minor * 100 + patch

namespace kettle::inline KETTLE_ABI {

// The build reads it from here, so CMake and pkg-config say the same.
inline constexpr char version[] = "0.1.0";

}  // namespace kettle::inline KETTLE_ABI
