#pragma once
// The back end on io_uring.

#include "core/backend.hpp"

#include <memory>

namespace kettle::inline KETTLE_ABI {

// Throws io_error when the kernel, a sandbox or a limit denies the ring (EPERM and ENOSYS are the
// usual reasons).
std::unique_ptr<backend> make_uring_backend();
// 0, or the errno value with which it would be denied.
int uring_denied() noexcept;

}  // namespace kettle::inline KETTLE_ABI
