#pragma once
// io_uring, thinly: two rings shared with the kernel, and the three system calls.
//
//   sys::ring ring(256);
//   if (!ring) return -ring.error();                    // -EPERM, -ENOSYS: denied
//   if (io_uring_sqe* e = ring.prepare(IORING_OP_RECV, fd, user_data)) e->len = ...;
//   ring.enter(1, deadline);  // submits, waits for one completion at most until then
//   while (const io_uring_cqe* c = ring.front()) { ...; ring.pop(); }
//
// Why not liburing: Debian 12's lacks operations we want, and this is all we need of it.
// Lifetime: what an entry points to must live until its completion has been seen.
// Threads: one. The ring binds itself to the thread of its first enter() (SINGLE_ISSUER), not to
// the maker's. Memory ordering: our tail is stored with release, the kernel's read with acquire, as
// io_uring(7) asks.

#include "sys/fd.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/base/clock.hpp>

#include <cstdint>

#include <linux/io_uring.h>

namespace kettle::inline KETTLE_ABI::sys {

class ring {
 public:
  explicit ring(unsigned entries) noexcept;
  ring(const ring&) = delete;
  ring& operator=(const ring&) = delete;
  ~ring();

  explicit operator bool() const noexcept { return error_ == 0; }
  int error() const noexcept { return error_; }  // an errno value
  int get() const noexcept { return fd_.get(); }
  unsigned setup_flags() const noexcept { return params_.flags; }
  bool supports(unsigned op) const noexcept {
    return op < max_ops && (supported_[op / 64] >> (op % 64) & 1);
  }

  // A cleared entry with opcode, descriptor and user_data set; null when the ring is full: submit()
  // first. The kernel takes entries in the order in which they were prepared.
  io_uring_sqe* prepare(unsigned op, int fd, std::uint64_t user_data) noexcept;
  unsigned unsubmitted() const noexcept { return tail_ - submitted_; }

  // Submits everything prepared, then waits for `wait_for` completions until the deadline. With 0
  // it only runs what the kernel has deferred. Result: >= 0, or -EINTR, -ETIME, ...
  int enter(unsigned wait_for, time_point until) noexcept;
  // Submits and does not look for completions. -EBUSY: some kernels want completions taken first.
  int submit() noexcept;

  // Whether the kernel has completions that only enter() would bring.
  bool has_deferred() const noexcept;
  // The oldest completion, or null; valid until pop().
  const io_uring_cqe* front() const noexcept;
  void pop() noexcept;

 private:
  using word = atomic<std::uint32_t>;  // shared with the kernel
  static constexpr unsigned max_ops = 256;
  int set_up(unsigned entries) noexcept;
  int map_rings() noexcept;
  int probe() noexcept;
  int start() noexcept;
  int call(unsigned wait_for, unsigned flags, const void* arg, std::size_t size) noexcept;

  unique_fd fd_;
  io_uring_params params_{};
  int error_ = 0;
  bool started_ = false;
  void* rings_ = nullptr;
  std::size_t rings_bytes_ = 0;
  io_uring_sqe* entries_ = nullptr;
  std::size_t entries_bytes_ = 0;
  word* sq_head_ = nullptr;  // the kernel's
  word* sq_tail_ = nullptr;
  word* sq_flags_ = nullptr;
  word* cq_head_ = nullptr;
  word* cq_tail_ = nullptr;  // the kernel's
  io_uring_cqe* completions_ = nullptr;
  std::uint32_t sq_mask_ = 0, cq_mask_ = 0;
  std::uint32_t tail_ = 0;       // prepared
  std::uint32_t submitted_ = 0;  // taken by the kernel
  std::uint64_t supported_[max_ops / 64] = {};
};

}  // namespace kettle::inline KETTLE_ABI::sys
