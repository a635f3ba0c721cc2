#include "processes/table.hpp"

#include "sys/futex.hpp"

#include <kettle/processes/remote_call.hpp>

namespace kettle::inline KETTLE_ABI {

namespace {
int number_here = -1;  // written before anything else runs in a worker

bool is_queued(const answer_table& answers, std::uint64_t entry) noexcept {
  slot_word w = slot_word::of(answers.state[std::uint32_t(entry) % slot_count].load(acquire));
  return w.state == slot_state::queued && w.generation == std::uint32_t(entry >> 32);
}
}  // namespace

bool claim_next(const request_table& requests, answer_table& answers, std::uint16_t worker,
                claimed_slot& out) noexcept {
  for (;;) {
    std::uint32_t head = answers.head.load(acquire);
    if (head == requests.tail.load(seq_cst)) return false;
    std::uint64_t entry = requests.ring[head % ring_size].load(acquire);
    std::uint32_t slot = std::uint32_t(entry) % slot_count, generation = std::uint32_t(entry >> 32);
    slot_word before{generation, 0, slot_state::queued},
        after{generation, worker, slot_state::claimed};
    std::uint64_t expected = before.bits();
    // acquire: the request is read after it.
    bool mine = answers.state[slot].compare_exchange_strong(expected, after.bits(), acq_rel);
    answers.head.compare_exchange_strong(head, head + 1, acq_rel);
    if (mine) {
      out = {slot, generation};
      return true;
    }
  }
}

bool has_queued(const request_table& requests, const answer_table& answers) noexcept {
  return answers.head.load(acquire) != requests.tail.load(seq_cst);
}

void skip_stale(const request_table& requests, answer_table& answers) noexcept {
  for (;;) {
    std::uint32_t head = answers.head.load(acquire);
    if (head == requests.tail.load(relaxed)) return;
    if (is_queued(answers, requests.ring[head % ring_size].load(relaxed))) return;
    answers.head.compare_exchange_strong(head, head + 1, acq_rel);
  }
}

void wake_workers(request_table& requests, answer_table& answers, std::size_t tasks) noexcept {
  for (std::uint32_t i = 0; i < most_workers / 64 && tasks > 0; i++) {
    std::uint64_t bits = answers.asleep[i].load(seq_cst);
    for (; bits && tasks > 0; bits &= bits - 1) {
      std::uint64_t bit = bits & -bits;
      if (!(answers.asleep[i].fetch_and(~bit, acq_rel) & bit)) continue;
      auto& word = requests.wake[i * 64 + std::uint32_t(__builtin_ctzll(bit))];
      // seq_cst, as the worker's: one that spins no more when we look finds its word changed.
      word.fetch_add(1, seq_cst);
      bool spins = answers.spinning[i].load(seq_cst) & bit;
      // Nobody there: it has found another task before it slept, or is dead.
      if (spins || sys::futex_wake_shared(word.address(), 1) > 0) tasks--;
    }
  }
}

void set_worker_number(int number) noexcept { number_here = number; }
int worker_number() noexcept { return number_here; }
bool in_worker() noexcept { return number_here >= 0; }

}  // namespace kettle::inline KETTLE_ABI
