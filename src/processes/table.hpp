#pragma once
// What client, fork server and workers share: four memory files, and the words in them.
//
//   requests      written by the client only, read-only to all others and sealed so: what to call,
//                 small arguments, cancel flags, the queue
//   large         arguments that do not fit: client writes, workers read
//   answers       written by workers: states of the slots, small results, their own condition
//   large answers results that do not fit: workers write, client reads
// In the large files each slot has a window of its own, 64 GiB of file and no memory until used.
//
// A slot's life is one word, changed by compare-exchange only, so a process may die between any two
// instructions and the table is whole: no worker ever holds a lock.
//   free -> queued (client) -> claimed(w) -> started(w) -> done(w) -> free (client)
//           queued -> free by the client: cancelled. claimed(w), w dead -> queued again.
//           claimed(w) or started(w) -> killed(w) by the client, before it kills w: whose next
//           change fails, and then it waits for its end.
// The generation tells one use of a slot from the next.
//
// Who sleeps says so first and then looks once more; who has something for them writes that first,
// then looks who sleeps, and takes the word back: so one sleep costs others one system call. Who
// still spins is woken by his word alone.
//
// Memory order: queued and done are release stores, seen by acquire: what was written for them is
// there. Words of sleep: seq_cst, each side writes its own and then reads the other's.
//
// Fresh memory files are zeros, and that is what all of it begins as.

#include "sys/memfd.hpp"

#include <kettle/base/atomic.hpp>
#include <kettle/base/clock.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

inline constexpr std::uint32_t slot_count = 1024, ring_size = 4 * slot_count, most_workers = 256;
inline constexpr std::size_t inline_bytes = 1000;
inline constexpr std::int64_t window_bytes = std::int64_t(1) << 36;

enum class slot_state : std::uint8_t { free, queued, claimed, started, killed, done };

// generation 32 | worker 16 | state 8
struct slot_word {
  std::uint32_t generation = 0;
  std::uint16_t worker = 0;
  slot_state state = slot_state::free;

  constexpr std::uint64_t bits() const noexcept {
    return std::uint64_t(generation) << 32 | std::uint64_t(worker) << 8 | std::uint64_t(state);
  }
  static constexpr slot_word of(std::uint64_t bits) noexcept {
    return {std::uint32_t(bits >> 32), std::uint16_t(bits >> 8), slot_state(bits & 0xff)};
  }
};

struct request {
  std::uint64_t size = 0;
  // Of CLOCK_MONOTONIC, which is the same in all processes. Moves while the task runs.
  atomic<time_point> deadline;
  atomic<std::uint32_t> cancel{0};    // generation of the use that is to end
  std::uint32_t named = 0;            // its words have a name
  unsigned char bytes[inline_bytes];  // if they fit
};

// What a task is called, and why it is to end: cut where they are longer. Apart, since few are
// named.
struct request_words {
  std::uint64_t number = 0;
  char name[56] = {};
  char reason[64] = {};  // written before `cancel`
};

struct request_table {
  atomic<std::uint32_t> closing{0};
  atomic<std::uint32_t> tail{0};                // of the ring
  atomic<std::uint32_t> looking{0};             // the client spins for an answer
  atomic<std::uint32_t> wake[most_workers];     // futex: something was queued, or closing
  atomic<std::uint32_t> control[most_workers];  // futex: look at the cancel flag of what you run
  std::uint64_t init_size = 0;                  // an encoded void(*)()
  unsigned char init[600];
  std::uint64_t max_tasks = 0;
  atomic<std::uint64_t> ring[ring_size];  // generation 32 | slot 32
  request requests[slot_count];
  request_words words[slot_count];

  // For the kernel.
  const std::uint32_t& wake_word(std::uint32_t worker) const noexcept {
    return *wake[worker].address();
  }
  const std::uint32_t& control_word(std::uint32_t worker) const noexcept {
    return *control[worker].address();
  }
};

enum class worker_phase : std::uint32_t { starting, ready, retiring, failed };

struct worker_record {
  atomic<worker_phase> phase{worker_phase::starting};
  atomic<std::int32_t> pid{0};
  char why[252] = {};  // it failed
};

struct answer {
  std::uint64_t size = 0;
  unsigned char bytes[inline_bytes];
};

struct answer_table {
  atomic<std::uint64_t> state[slot_count];
  atomic<std::uint64_t> done_bits[slot_count / 64];
  atomic<std::uint32_t> head{0};  // a hint that anybody may advance over what is not queued
  atomic<std::uint64_t> asleep[most_workers / 64];  // a bit for each worker that waits to be woken
  atomic<std::uint64_t> spinning[most_workers / 64];  // and looks at its word, so far
  atomic<std::uint32_t> client_asleep{0};
  worker_record workers[most_workers];
  answer answers[slot_count];
};

// The descriptors of server and workers.
enum shared_fd : int { order_fd = 3, request_fd, large_fd, answer_fd, large_answer_fd, bell_fd };
inline constexpr int shared_fds = 6;

// Client and server.
struct server_order {
  enum kind : std::uint32_t { spawn, kill, hello, spawned, ended } what = spawn;
  std::uint32_t worker = 0;
  std::int32_t pid = 0;
  std::int32_t signal = 0, exit_code = 0;
  std::int32_t error = 0;  // of spawn
  std::uint64_t peak_rss_bytes = 0;
  std::int64_t cpu_ns = 0;
};

// The slot whose turn it is, claimed for this worker. False: nothing is queued.
struct claimed_slot {
  std::uint32_t slot = 0, generation = 0;
};
bool claim_next(const request_table& requests, answer_table& answers, std::uint16_t worker,
                claimed_slot& out) noexcept;
// Whether there may be one; false after something was queued only if somebody has taken it.
bool has_queued(const request_table& requests, const answer_table& answers) noexcept;
// Lets go of entries at the front of the ring that are not queued any more.
void skip_stale(const request_table& requests, answer_table& answers) noexcept;

// The client's: wakes sleeping workers, one for each of so many tasks.
void wake_workers(request_table& requests, answer_table& answers, std::size_t tasks) noexcept;

// For code in a worker: who it is. -1: not a worker.
void set_worker_number(int number) noexcept;
int worker_number() noexcept;

}  // namespace kettle::inline KETTLE_ABI
