#pragma once
// What a home does when nothing is ready: the few functions each back end (io_uring, epoll, sim)
// provides.
//
// All calls but wake() come from the home's own thread. A back end never resumes anybody itself: it
// calls `request.done`, and only from poll().

#include <kettle/base/clock.hpp>
#include <kettle/core/io_request.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

enum class backend_kind : std::uint8_t { automatic, io_uring, epoll, sim };

class backend {
 public:
  virtual ~backend() = default;

  virtual backend_kind kind() const noexcept = 0;
  // Tries at once, never waiting. True: `result` is set, and done() is not called. False: it would
  // have to wait (or the back end guesses so without asking the kernel, once: a second try asks):
  // submit it. An operation that is ready never enters a queue.
  virtual bool try_now(io_request& request) noexcept = 0;
  // Takes the request; its done() is called by a later poll(), never from here.
  virtual void submit(io_request& request) noexcept = 0;
  // Asks to end it early; done() still comes, with -ECANCELED or the real result.
  virtual void cancel(io_request& request) noexcept = 0;
  // Reports what is finished, waiting for it until `until` at most (time_point::max(): for ever; a
  // time in the past: not at all). Returns early after wake(), and may for no reason.
  virtual void poll(time_point until) = 0;
  // From any thread, async-signal-safe: makes the current or the next poll() return at once.
  virtual void wake() noexcept = 0;
  // Requests submitted and not yet done: while there are some, waiting for ever is no deadlock.
  virtual std::size_t pending() const noexcept = 0;

  // The calls of a descriptor's life, which the in-memory network answers too. Results >= 0 or
  // -errno.
  virtual int socket(int domain, int type) noexcept = 0;  // close-on-exec
  virtual int bind(int fd, const void* address, std::uint32_t size) noexcept = 0;
  virtual int listen(int fd, int backlog) noexcept = 0;
  virtual int local_address(int fd, void* address, std::uint32_t* size) noexcept = 0;
  virtual int peer_address(int fd, void* address, std::uint32_t* size) noexcept = 0;
  virtual int set_option(int fd, int level, int name, int value) noexcept = 0;
  virtual int shutdown(int fd, int how) noexcept = 0;
  // Ends every request on fd with -ECANCELED first, so that a reused number never gets a stale
  // event.
  virtual int close(int fd) noexcept = 0;
};

}  // namespace kettle::inline KETTLE_ABI
