#include "loop/choose.hpp"

#include "core/home.hpp"
#include "loop/backend_epoll.hpp"
#include "loop/backend_sim.hpp"
#include "loop/backend_uring.hpp"
#include "loop/sim_world.hpp"
#include "sys/pidfd.hpp"

#include <kettle/base/assert.hpp>
#include <kettle/base/atomic.hpp>
#include <kettle/base/error.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace kettle::inline KETTLE_ABI {

namespace {

// pid << 32 | errno value: a child that has been confined after the fork asks again.
atomic<std::uint64_t> denial_of{0};

backend_choice forced(backend_kind kind, const std::string& by_whom) {
  if (kind == backend_kind::io_uring)
    if (int denied = uring_denied_here())
      throw usage_error("io_uring was asked for by " + by_whom +
                        ", but it is denied: " + explain_denial(denied));
  return {kind, "asked for by " + by_whom, true};
}

}  // namespace

const char* name_of(backend_kind kind) noexcept {
  switch (kind) {
    case backend_kind::io_uring: return "io_uring";
    case backend_kind::epoll: return "epoll";
    case backend_kind::sim: return "sim";
    case backend_kind::automatic: break;
  }
  return "automatic";
}

backend_kind parse_backend(const char* name) {
  if (!name || !*name || std::strcmp(name, "automatic") == 0) return backend_kind::automatic;
  if (std::strcmp(name, "io_uring") == 0) return backend_kind::io_uring;
  if (std::strcmp(name, "epoll") == 0) return backend_kind::epoll;
  throw usage_error("there is no back end \"" + std::string(name) + "\": write io_uring or epoll");
}

int uring_denied_here() noexcept {
  std::uint64_t known = denial_of.load(relaxed);  // one word, so nothing to order
  std::uint64_t pid = std::uint64_t(sys::process_id());
  if (known >> 32 == pid) return int(std::uint32_t(known));
  int denied = uring_denied();
  bool passes = denied == EMFILE || denied == ENFILE || denied == ENOMEM || denied == EAGAIN;
  if (!passes) denial_of.store(pid << 32 | std::uint32_t(denied), relaxed);
  return denied;
}

std::string explain_denial(int error_number) {
  std::string text = std::strerror(error_number);
  switch (error_number) {
    case EPERM:
      return text +
             " (a sandbox such as Docker's default profile, or /proc/sys/kernel/io_uring_disabled)";
    case ENOSYS: return text + " (the kernel or the sandbox has no io_uring)";
    case ENOMEM: return text + " (RLIMIT_MEMLOCK is too small for the ring)";
    case EMFILE:
    case ENFILE: return text + " (RLIMIT_NOFILE)";
    case EOPNOTSUPP:
      return text + " (the kernel is too old: an operation that kettle needs is missing)";
    default: return text;
  }
}

backend_choice choose_backend(backend_kind wanted) {
  if (wanted != backend_kind::automatic) return forced(wanted, "the program");
  const char* text = std::getenv("KETTLE_BACKEND");
  backend_kind named;
  try {
    named = parse_backend(text);
  } catch (const usage_error& e) {
    throw usage_error("KETTLE_BACKEND: " + std::string(e.what()));
  }
  if (named != backend_kind::automatic) return forced(named, std::string("KETTLE_BACKEND=") + text);
  if (int denied = uring_denied_here())
    return {backend_kind::epoll, "io_uring is denied: " + explain_denial(denied), false};
  return {backend_kind::io_uring, "the kernel offers it", false};
}

std::unique_ptr<backend> make_backend(backend_kind kind, virtual_world* world) {
  if (world) {
    auto* sim = dynamic_cast<sim_world*>(world);
    KETTLE_ASSERT(sim, "the only virtual world is sim_world");
    return make_sim_backend(*sim);
  }
  backend_choice choice = choose_backend(kind);
  if (choice.kind == backend_kind::epoll) return make_epoll_backend();
  try {
    return make_uring_backend();
  } catch (const io_error&) {
    // Allowed a moment ago: now a limit is reached (locked memory, before 5.12). Nobody asked for
    // io_uring by name.
    if (choice.forced) throw;
    return make_epoll_backend();
  }
}

}  // namespace kettle::inline KETTLE_ABI
