// The words that client and workers share, with client and workers as threads of one process. The
// worker is the real one; of the client, which polls descriptors and holds a std::mutex, its steps
// are repeated here, as they are in processes/engine.cpp and manager.cpp.

#include "twin.hpp"

// A worker's class is known to its own file only.
#define run_worker run_worker_of_twins
#include "processes/worker.cpp"  // NOLINT(bugprone-suspicious-include)
#undef run_worker

#include "processes/memory.hpp"

#include <cstring>

namespace kettle::twins {

namespace {

// The tables lie in shared memory as ever, which is made once; each schedule begins with zeros.
shared_memory& shared() {
  static auto* made = [] {
    auto* m = new shared_memory;
    m->make();
    return m;
  }();
  return *made;
}

template <class T> void zero(T& part) { std::memset(static_cast<void*>(&part), 0, sizeof part); }

struct client {
  static constexpr std::uint32_t slots = 4;
  shared_memory& memory = shared();
  request_table& r = memory.requests();
  answer_table& a = memory.answers();
  std::uint32_t generation[slots] = {};

  client() {
    for (std::uint32_t i = 0; i < slots; i++)
      zero(a.state[i]), zero(r.wake[i]), zero(r.control[i]), zero(a.workers[i]),
          zero(a.answers[i].size), zero(r.requests[i].size), zero(r.requests[i].cancel);
    for (std::uint32_t i = 0; i < 16; i++) zero(r.ring[i]);
    zero(a.done_bits[0]), zero(a.head), zero(a.asleep), zero(a.spinning), zero(a.client_asleep);
    zero(r.closing), zero(r.tail), zero(r.looking), zero(r.max_tasks);
    memory.take_bell();
  }

  slot_word word(std::uint32_t slot) const { return slot_word::of(a.state[slot].load(acquire)); }
  bool change(std::uint32_t slot, slot_word from, slot_word to) {
    std::uint64_t expected = from.bits();
    return a.state[slot].compare_exchange_strong(expected, to.bits(), acq_rel);
  }
  // process_engine::publish and what follows it.
  void queue(std::uint32_t slot) {
    std::uint32_t g = ++generation[slot];
    a.state[slot].store(slot_word{g, 0, slot_state::queued}.bits(), release);
    std::uint32_t tail = r.tail.load(relaxed);
    r.ring[tail % ring_size].store(std::uint64_t(g) << 32 | slot, release);
    r.tail.store(tail + 1, seq_cst);
  }
  void submit(std::uint32_t slot) {
    queue(slot);
    wake_workers(r, a, 1);
  }
  bool take_back(std::uint32_t slot) {
    return change(slot, {generation[slot], 0, slot_state::queued},
                  {generation[slot], 0, slot_state::free});
  }
  // process_engine::sleep. The bell is a descriptor: looked at again and again.
  std::uint64_t answers() {
    for (;;) {
      if (std::uint64_t done = a.done_bits[0].exchange(0, acq_rel)) return done;
      a.client_asleep.store(1, seq_cst);
      if (a.done_bits[0].load(seq_cst) == 0)
        while (memory.take_bell() == 0) sys::relax();
      a.client_asleep.store(0, seq_cst);
      memory.take_bell();
    }
  }
  void await(std::uint64_t all) {
    while (all) {
      std::uint64_t done = answers();
      testing::check((done & ~all) == 0, "no task ends twice");
      for (std::uint32_t i = 0; i < slots; i++) {
        if (!(done >> i & 1)) continue;
        testing::check(word(i).state == slot_state::done, "done, as its bit says");
        testing::check(a.answers[i].size > 0, "the answer is there");
        a.state[i].store(slot_word{generation[i], 0, slot_state::free}.bits(), release);
      }
      all &= ~done;
    }
  }
  // process_engine::shut_down.
  void close() {
    r.closing.store(1, release);
    for (std::uint32_t i = 0; i < slots; i++) {
      r.wake[i].fetch_add(1, release);
      sys::futex_wake_shared(r.wake[i].address());
    }
  }
};

// A task's bytes are none: its answer is an error, which is an answer.
void work(client& c, int number) {
  worker w(c.memory, number);
  w.work();
}

// A worker that may die between any two of its steps. Its task is counted when it begins.
struct mortal {
  client& c;
  std::uint16_t number;
  bool dead = false;

  bool dies() { return dead = testing::choose(2); }
  void run_one(atomic<int>& begun) {
    claimed_slot mine;
    if (dies() || !claim_next(c.r, c.a, number, mine) || dies()) return;
    slot_word claimed{mine.generation, number, slot_state::claimed},
        started{mine.generation, number, slot_state::started},
        done{mine.generation, number, slot_state::done};
    if (!c.change(mine.slot, claimed, started)) return;
    begun.fetch_add(1, relaxed);
    if (dies()) return;
    c.a.answers[mine.slot].size = 1;
    if (!c.change(mine.slot, started, done) || dies()) return;
    c.a.done_bits[mine.slot / 64].fetch_or(std::uint64_t(1) << mine.slot % 64, seq_cst);
    if (c.a.client_asleep.load(seq_cst) && c.a.client_asleep.exchange(0, acq_rel))
      c.memory.ring_bell();
  }
};

}  // namespace

}  // namespace kettle::twins

TWIN(table, a_task_wakes_the_worker_and_its_answer_the_client) {
  client c;
  c.r.max_tasks = 1;
  testing::thread worker("worker", [&] { work(c, 0); });
  c.submit(0);
  c.await(0b1);
  worker.join();
}

TWIN(table, a_worker_takes_one_task_after_the_other) {
  client c;
  c.r.max_tasks = 2;
  testing::thread worker("worker", [&] { work(c, 0); });
  c.submit(0);
  c.await(0b1);
  c.submit(1);
  c.await(0b10);
  worker.join();
}

TWIN(table, two_tasks_reach_two_workers) {
  client c;
  c.r.max_tasks = 1;  // each: so both must be woken
  testing::thread one("worker 0", [&] { work(c, 0); });
  testing::thread other("worker 1", [&] { work(c, 1); });
  c.queue(0);
  c.queue(1);
  wake_workers(c.r, c.a, 2);
  one.join();
  other.join();
  c.await(0b11);
}

// Who looks for an answer makes its worker spin for the next task; time goes on, so that it may
// give up just then.
TWIN(table, a_worker_that_spins_misses_no_task) {
  client c;
  c.r.max_tasks = 2;
  c.r.looking.store(1, relaxed);
  testing::thread worker("worker", [&] { work(c, 0); });
  testing::thread time("time", [] {
    atomic<std::uint32_t> never_rung{0};
    sys::futex_wait(never_rung, 0, after(sys::monotonic_now(), std::chrono::milliseconds(1)));
  });
  c.submit(0);
  c.await(0b1);
  c.submit(1);
  c.await(0b10);
  worker.join();
}

TWIN(table, closing_reaches_a_worker_that_sleeps) {
  client c;
  testing::thread worker("worker", [&] { work(c, 0); });
  c.close();
  worker.join();
}

// Closing comes once all has ended, as the manager does it.
TWIN(table, closing_comes_after_the_last_answer) {
  client c;
  testing::thread worker("worker", [&] { work(c, 0); });
  c.submit(0);
  c.await(0b1);
  c.close();
  worker.join();
}

TWIN(table, each_task_has_one_claimant_or_is_taken_back) {
  client c;
  atomic<int> claimed[2] = {0, 0};
  auto claimant = [&](std::uint16_t number) {
    claimed_slot mine;
    while (claim_next(c.r, c.a, number, mine)) {
      testing::check(c.word(mine.slot).worker == number, "the word says whose it is");
      claimed[mine.slot].fetch_add(1, relaxed);
    }
  };
  c.queue(0);
  testing::thread one("worker 0", [&] { claimant(0); });
  testing::thread other("worker 1", [&] { claimant(1); });
  c.queue(1);
  bool back = c.take_back(0);
  one.join();
  other.join();
  claimant(2);  // whatever they came too early for
  testing::check(claimed[0].load(relaxed) == (back ? 0 : 1), "cancelled, or claimed once");
  testing::check(claimed[1].load(relaxed) == 1, "no task is passed over");
  testing::check(!has_queued(c.r, c.a), "nothing is left");
}

// A slot is used again while its old entry still lies in the ring.
TWIN(table, an_old_entry_is_no_claim_on_the_next_use) {
  client c;
  atomic<int> claims{0};
  c.queue(0);
  c.queue(1);
  testing::thread claimant("worker", [&] {
    claimed_slot mine;
    while (claim_next(c.r, c.a, 0, mine)) claims.fetch_add(1, relaxed);
  });
  bool back = c.take_back(0);
  if (back) {
    skip_stale(c.r, c.a);
    c.queue(0);
  }
  claimant.join();
  claimed_slot mine;
  while (claim_next(c.r, c.a, 1, mine)) {
    testing::check(mine.generation == c.generation[mine.slot], "the last use is claimed");
    claims.fetch_add(1, relaxed);
  }
  testing::check(c.word(0).generation == c.generation[0], "the word is of the last use");
  testing::check(claims.load(relaxed) == 2, "each use that was not taken back is claimed once");
}

// It dies at any point; what it had not begun, another one runs; what it had, is lost or done.
TWIN(table, a_dead_workers_task_is_done_lost_or_run_by_another) {
  client c;
  atomic<int> begun{0};
  mortal first{c, 0}, second{c, 1};
  testing::thread victim("victim", [&] { first.run_one(begun); });
  c.submit(0);
  victim.join();  // the server tells of its end
  slot_word w = c.word(0);
  testing::check(first.dead || w.state == slot_state::queued || w.state == slot_state::done,
                 "only a death leaves a task in between");
  bool lost = w.state == slot_state::started;
  if (w.state == slot_state::claimed) {
    testing::check(begun.load(relaxed) == 0, "claimed only: not begun");
    c.submit(0);
  }
  if (w.state == slot_state::claimed || w.state == slot_state::queued) second.run_one(begun);
  w = c.word(0);
  bool done = w.state == slot_state::done;
  testing::check(begun.load(relaxed) <= 1, "no task is begun twice");
  testing::check(!lost || begun.load(relaxed) == 1, "lost is begun");
  testing::check(done || lost || second.dead || first.dead, "else it is done");
}

// One that says that it sleeps and is dead: the wake-up goes on to the next.
TWIN(table, a_wake_up_for_a_dead_sleeper_reaches_another) {
  client c;
  c.r.max_tasks = 1;
  c.a.asleep[0].store(0b1, relaxed);  // worker 0, dead
  testing::thread worker("worker 1", [&] { work(c, 1); });
  c.submit(0);
  c.await(0b1);
  worker.join();
}

// The client decides to kill it for being late, and it ends just then.
TWIN(table, a_late_task_is_done_or_its_worker_killed) {
  client c;
  c.queue(0);
  enum { no_claim, stopped, finished } came_to = no_claim;
  testing::thread worker("worker", [&] {
    claimed_slot mine;
    if (!claim_next(c.r, c.a, 0, mine)) return;
    slot_word claimed{mine.generation, 0, slot_state::claimed},
        started{mine.generation, 0, slot_state::started},
        done{mine.generation, 0, slot_state::done};
    came_to = stopped;
    if (!c.change(mine.slot, claimed, started)) return;
    if (!c.change(mine.slot, started, done)) return;
    came_to = finished;
  });
  bool back = c.take_back(0), killed = false;
  if (!back) {
    std::uint64_t word = c.a.state[0].load(acquire);
    slot_word w;
    do {
      w = slot_word::of(word);
    } while (
        (w.state == slot_state::claimed || w.state == slot_state::started) &&
        !c.a.state[0].compare_exchange_weak(
            word, slot_word{w.generation, w.worker, slot_state::killed}.bits(), acq_rel, acquire));
    killed = w.state == slot_state::claimed || w.state == slot_state::started;
  }
  worker.join();
  testing::check(back == (came_to == no_claim), "taken back, or claimed");
  testing::check(killed == (came_to == stopped), "killed, or done: never both");
}
