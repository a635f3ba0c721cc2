#include "sys/ring.hpp"

#include "sys/time.hpp"

#include <cstring>

#include <fcntl.h>
#include <linux/time_types.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace kettle::inline KETTLE_ABI::sys {

namespace {

int register_call(int fd, unsigned op, void* arg, unsigned count) noexcept {
  return int(result_of(::syscall(SYS_io_uring_register, fd, op, arg, count)));
}

}  // namespace

ring::ring(unsigned entries) noexcept {
  int r = set_up(entries);
  if (r == 0) r = map_rings();
  if (r == 0) r = probe();
  error_ = -r;
}

ring::~ring() {
  if (entries_) ::munmap(entries_, entries_bytes_);
  if (rings_) ::munmap(rings_, rings_bytes_);
}

// The best set of flags the kernel knows: each step down loses speed, not correctness.
int ring::set_up(unsigned entries) noexcept {
  constexpr unsigned common = IORING_SETUP_CLAMP | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
  constexpr unsigned steps[] = {
      // 6.1: completions are run only when we ask for them, on our thread, without an interrupt.
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
          IORING_SETUP_SUBMIT_ALL,
      // 5.19
      IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL,
      0,
  };
  int r = 0;
  for (unsigned flags : steps) {
    params_ = {};
    params_.flags = common | flags;
    params_.cq_entries = entries * 8;  // bursts: many requests wait, all may finish at once
    r = int(result_of(::syscall(SYS_io_uring_setup, entries, &params_)));
    if (r != -EINVAL) break;
  }
  if (r < 0) return r;
  fd_.reset(r);
  ::fcntl(r, F_SETFD, FD_CLOEXEC);
  // 5.11 has them all; our floor is 5.15.
  constexpr unsigned needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP |
                              IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_RW_CUR_POS |
                              IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG;
  return (params_.features & needed) == needed ? 0 : -ENOSYS;
}

int ring::map_rings() noexcept {
  std::size_t sq = params_.sq_off.array + params_.sq_entries * sizeof(std::uint32_t);
  std::size_t cq = params_.cq_off.cqes + params_.cq_entries * sizeof(io_uring_cqe);
  std::size_t bytes = sq > cq ? sq : cq;
  void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_.get(),
                   IORING_OFF_SQ_RING);
  if (p == MAP_FAILED) return -errno;
  rings_ = p;
  rings_bytes_ = bytes;
  bytes = params_.sq_entries * sizeof(io_uring_sqe);
  p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_.get(),
             IORING_OFF_SQES);
  if (p == MAP_FAILED) return -errno;
  entries_ = static_cast<io_uring_sqe*>(p);
  entries_bytes_ = bytes;

  auto at = [this](std::uint32_t offset) {
    return reinterpret_cast<word*>(static_cast<char*>(rings_) + offset);
  };
  sq_head_ = at(params_.sq_off.head);
  sq_tail_ = at(params_.sq_off.tail);
  sq_flags_ = at(params_.sq_off.flags);
  sq_mask_ = at(params_.sq_off.ring_mask)->load(relaxed);
  cq_head_ = at(params_.cq_off.head);
  cq_tail_ = at(params_.cq_off.tail);
  cq_mask_ = at(params_.cq_off.ring_mask)->load(relaxed);
  completions_ = reinterpret_cast<io_uring_cqe*>(at(params_.cq_off.cqes));
  // The indirection of the submission ring is of no use to us: entry i is always entry i.
  word* array = at(params_.sq_off.array);
  for (std::uint32_t i = 0; i < params_.sq_entries; i++) array[i].store(i, relaxed);
  return 0;
}

int ring::probe() noexcept {
  alignas(io_uring_probe) char
      memory[sizeof(io_uring_probe) + max_ops * sizeof(io_uring_probe_op)] = {};
  auto* found = reinterpret_cast<io_uring_probe*>(memory);
  if (int r = register_call(fd_.get(), IORING_REGISTER_PROBE, memory, max_ops); r < 0) return r;
  for (unsigned i = 0; i < found->ops_len && i < max_ops; i++)
    if (found->ops[i].flags & IO_URING_OP_SUPPORTED)
      supported_[found->ops[i].op / 64] |= std::uint64_t(1) << (found->ops[i].op % 64);
  return 0;
}

// Done at the first use rather than at set-up: from here on the ring belongs to this thread.
int ring::start() noexcept {
  int r = register_call(fd_.get(), IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  started_ = r == 0;
  return r;
}

io_uring_sqe* ring::prepare(unsigned op, int fd, std::uint64_t user_data) noexcept {
  if (tail_ - sq_head_->load(acquire) >= params_.sq_entries) return nullptr;
  io_uring_sqe& e = entries_[tail_++ & sq_mask_];
  std::memset(&e, 0, sizeof e);
  e.opcode = std::uint8_t(op);
  e.fd = fd;
  e.user_data = user_data;
  return &e;
}

int ring::call(unsigned wait_for, unsigned flags, const void* arg, std::size_t size) noexcept {
  if (!started_)
    if (int r = start(); r < 0) return r;
  sq_tail_->store(tail_, release);  // the entries are written before the kernel sees the tail
  int r = int(result_of(
      ::syscall(SYS_io_uring_enter, fd_.get(), tail_ - submitted_, wait_for, flags, arg, size)));
  // How many were taken is seen from the kernel's head: true also when waiting failed after
  // submitting.
  submitted_ = sq_head_->load(acquire);
  return r;
}

int ring::submit() noexcept { return call(0, 0, nullptr, 0); }

int ring::enter(unsigned wait_for, time_point until) noexcept {
  if (wait_for == 0 || until == never) return call(wait_for, IORING_ENTER_GETEVENTS, nullptr, 0);
  timespec left = to_timespec(time_left(monotonic_now(), until));
  __kernel_timespec relative{left.tv_sec, left.tv_nsec};
  io_uring_getevents_arg arg{};
  arg.ts = std::uint64_t(reinterpret_cast<std::uintptr_t>(&relative));
  return call(wait_for, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof arg);
}

bool ring::has_deferred() const noexcept {
  constexpr unsigned told = IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN;
  // Without TASKRUN_FLAG the kernel does not tell, but then it also interrupts us by itself.
  return (sq_flags_->load(relaxed) & told) != 0;
}

const io_uring_cqe* ring::front() const noexcept {
  std::uint32_t head = cq_head_->load(relaxed);  // only we write it
  return head == cq_tail_->load(acquire) ? nullptr : &completions_[head & cq_mask_];
}

void ring::pop() noexcept { cq_head_->store(cq_head_->load(relaxed) + 1, release); }

}  // namespace kettle::inline KETTLE_ABI::sys
