#pragma once
// Which back end a loop gets, and why: io_uring when the kernel lets us, epoll as an equal.
//
//   backend_choice c = choose_backend();           // honours KETTLE_BACKEND=io_uring|epoll
//   std::unique_ptr<backend> b = make_backend(c.kind, nullptr);
//
// Threads: any. The kernel is asked once a process (and again in a forked child, which may be more
// confined).

#include "core/backend.hpp"
#include "core/home.hpp"  // make_backend

#include <string>

namespace kettle::inline KETTLE_ABI {

struct backend_choice {
  backend_kind kind = backend_kind::automatic;
  std::string why;      // one line, for `kettle doctor`
  bool forced = false;  // by name
};

// Throws usage_error: for a name that is none, and for one that is asked for by name (here or in
// KETTLE_BACKEND) and denied. `wanted` beats the environment; `automatic` leaves it to that, and
// then to the kernel.
backend_choice choose_backend(backend_kind wanted = backend_kind::automatic);

// "io_uring", "epoll", "sim", "automatic".
const char* name_of(backend_kind kind) noexcept;
// The other way round; null and "" are automatic. usage_error for anything else ("sim" is no choice
// of a user's).
backend_kind parse_backend(const char* name);

// Whether io_uring can be used here: 0, or the errno value, and what that usually means.
int uring_denied_here() noexcept;
std::string explain_denial(int error_number);

}  // namespace kettle::inline KETTLE_ABI
