#pragma once
// The back end for kernels and containers without io_uring.

#include "core/backend.hpp"

#include <memory>

namespace kettle::inline KETTLE_ABI {

// Throws io_error when the kernel gives no descriptors for it.
std::unique_ptr<backend> make_epoll_backend();

}  // namespace kettle::inline KETTLE_ABI
