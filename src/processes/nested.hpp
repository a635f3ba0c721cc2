#pragma once
// on_process and process_pool inside a worker: the worker runs the function itself, on a thread of
// its own for each, so that waiting for one can never block the others.

#include <kettle/core/place.hpp>

namespace kettle::inline KETTLE_ABI {

void run_nested(placed_child_base& child) noexcept;

}  // namespace kettle::inline KETTLE_ABI
