#pragma once
// How a pool is closed. After either no new work is taken, and close() waits until everything has
// ended.

#include <kettle/base/require.hpp>

#include <cstdint>

namespace kettle::inline KETTLE_ABI {

enum class close_mode : std::uint8_t {
  drain,   // what is queued is still run
  cancel,  // what is queued never starts, what runs is asked to end
  kill,    // the same; a process that runs something is killed without being asked
};

}  // namespace kettle::inline KETTLE_ABI
