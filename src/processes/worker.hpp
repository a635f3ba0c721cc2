#pragma once
// A worker: a process that takes tasks from the table and runs them, one after the other.

#include "processes/memory.hpp"

namespace kettle::inline KETTLE_ABI {

// Ends the process when the table is closing, or the worker has done its share.
[[noreturn]] void run_worker(shared_memory& memory, int number) noexcept;

}  // namespace kettle::inline KETTLE_ABI
