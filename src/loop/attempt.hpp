#pragma once
// One try at a request by a plain system call that does not wait: what both kernel back ends do
// before anything else, and epoll when a descriptor has become ready.
//
//   int r = attempt(request);
//   if (r == would_wait) ...                  // else r is the result

#include "sys/stream.hpp"

#include <kettle/core/io_request.hpp>

#include <climits>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

inline constexpr int would_wait = INT_MIN;

// io_request::mark, low bits: the connect call has been made, its result comes with writability.
inline constexpr std::uint64_t mark_connecting = 1;

int attempt(io_request& r, sys::on_disk files = sys::on_disk::wait) noexcept;

}  // namespace kettle::inline KETTLE_ABI
