#pragma once
// Names to addresses.
//
//   auto found = co_await resolve("example.org", 80);       // in the order in which to try them
//
// Numbers and "localhost" are answered at once, names in /etc/hosts from there (where
// /etc/nsswitch.conf has files first, as usual). The rest is the system's getaddrinfo on threads of
// its own, at most eight at once that somebody waits for; a name that is being asked for is not
// asked for again. The families alternate (RFC 8305, section 4), the system's favourite first.
// io_error when there is none. Cancellation: at once; the system's answer is dropped when it comes.
// Threads: any.

#include <kettle/coro/task.hpp>
#include <kettle/io/address.hpp>

#include <vector>

namespace kettle::inline KETTLE_ABI {

task<std::vector<address>> resolve(std::string host, std::uint16_t port = 0);

}  // namespace kettle::inline KETTLE_ABI
