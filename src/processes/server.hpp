#pragma once
// The fork server: a process with one thread that makes the workers of one pool, reports their
// ends, and dies with its client.
//
// It is this program, executed again and taken over before main() (takeover.cpp), so its memory is
// small and clean whatever the client has done; or, by start_method::fork, a fork of the client.

#include <kettle/base/require.hpp>

#include <sys/types.h>

namespace kettle::inline KETTLE_ABI {

// Whether this program, executed again with the variable set, would come to serve() and not to its
// own main().
bool can_take_over() noexcept;

inline constexpr char server_variable[] = "KETTLE_WORKER";  // the client's pid

// Descriptors are where table.hpp says.
[[noreturn]] void serve(pid_t client) noexcept;

}  // namespace kettle::inline KETTLE_ABI
