#include "processes/worker.hpp"

#include "base/must_make.hpp"
#include "core/home.hpp"
#include "processes/error_codec.hpp"
#include "processes/spinning.hpp"
#include "sys/futex.hpp"
#include "sys/process.hpp"
#include "sys/thread.hpp"

#include <kettle/base/spin_lock.hpp>
#include <kettle/core/scope.hpp>
#include <kettle/processes/remote_call.hpp>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace kettle::inline KETTLE_ABI {

namespace {

// So many tasks without a pause come faster than one could be woken for each. Not fewer: who keeps
// 16 in flight waits for the nap, and has each in 18 us instead of 6.
constexpr std::uint64_t crowd = 32;
constexpr auto nap = std::chrono::microseconds(50);

struct no_queue final : job_queue {
} nobodys_queue;

// In place of whatever the answer was to be.
void put_error(slot_encoder& out, const std::exception_ptr& e) {
  out.begin(out.slot());
  out.raw(std::uint8_t(false));
  encode_error(out, e);
}

// A task as a child of nobody on the worker's home: so that kettle's waits and cancellation work in
// it as on any thread of a pool.
class task final : public placed_child_base {
 public:
  task(home& at, const unsigned char* bytes, std::size_t size, const atomic<time_point>& deadline,
       slot_encoder& out)
      : placed_child_base(unplaced_kind, at), in_(bytes, size), out_(out) {
    begin_remote(nobodys_queue);
    ticket().link.follows.at = &deadline;
    ticket().take();
    ticket().drop();
  }
  void is_called(const request_words& w) {
    label_ = detail::text_block::make(w.name, w.number);
    label_->travels = true;
  }
  void ask_to_end(const char* reason) noexcept {
    self_cancelled_ = true;
    ask_remote_cancel(shared_text(static_cast<const char*>(reason)));
  }
  void* result() noexcept override { return nullptr; }
  void call() noexcept override {
    try {
      out_.raw(std::uint8_t(true));
      decode<detail::trampoline>(in_)(in_, out_);
    } catch (...) {
      put_error(out_, std::current_exception());
    }
    ending_ = ending::value;
  }

 private:
  decoder in_;
  slot_encoder& out_;
};

class worker {
 public:
  worker(shared_memory& memory, int number) noexcept
      : memory_(memory),
        requests_(memory.requests()),
        answers_(memory.answers()),
        number_(std::uint16_t(number)),
        record_(answers_.workers[number]),
        out_(memory, &shared_memory::answer_room) {}

  void prepare() {
    record_.pid.store(sys::process_id(), relaxed);
    seen_control_ = requests_.control[number_].load(acquire);
    sys::thread_handle listener;
    if (sys::start_thread(listener, listen, this) == 0) sys::detach_thread(listener);
    if (requests_.init_size == 0) return;
    decoder in(requests_.init, requests_.init_size);
    decode<void (*)()>(in)();
  }
  void work() noexcept {
    for (std::uint64_t done = 0; requests_.max_tasks == 0 || done < requests_.max_tasks; done++) {
      claimed_slot mine;
      if (!wait_for_task(mine)) return;
      run(mine);
    }
    set_phase(worker_phase::retiring);
  }
  void set_phase(worker_phase p) noexcept {
    record_.phase.store(p, release);  // with the reason, if it failed
    tell_client();
  }
  void failed(const std::string& why) noexcept {
    std::snprintf(record_.why, sizeof record_.why, "%s", why.c_str());
    set_phase(worker_phase::failed);
  }

 private:
  bool wait_for_task(claimed_slot& mine) noexcept {
    const std::uint64_t bit = std::uint64_t(1) << number_ % 64;
    auto& asleep = answers_.asleep[number_ / 64];
    for (;;) {
      std::uint32_t seen = requests_.wake[number_].load(acquire);
      if (claim_next(requests_, answers_, number_, mine)) {
        since_sleep_++;
        return true;
      }
      if (requests_.closing.load(acquire)) return false;
      if (std::exchange(since_sleep_, 0u) >= crowd) {
        // They come faster than one could be woken for each: let them gather.
        sys::futex_wait_shared(&requests_.wake_word(number_), seen,
                               after(sys::monotonic_now(), nap));
        continue;
      }
      // Says that it sleeps, then looks again: the client does the opposite. seq_cst on both.
      asleep.fetch_or(bit, seq_cst);
      // Who looks for an answer will have the next task soon; else let them gather.
      bool awaited = was_looked_for_ && credit_.worth(spinners() + 1);
      if (!has_queued(requests_, answers_) && !(awaited && spins(seen)))
        sys::futex_wait_shared(&requests_.wake_word(number_), seen);
      asleep.fetch_and(~bit, relaxed);
    }
  }

  std::size_t spinners() const noexcept {
    std::size_t n = 0;
    for (auto& bits : answers_.spinning) n += std::size_t(std::popcount(bits.load(relaxed)));
    return n;
  }
  // Until it is woken.
  bool spins(std::uint32_t seen) noexcept {
    const std::uint64_t bit = std::uint64_t(1) << number_ % 64;
    auto& spinning = answers_.spinning[number_ / 64];
    auto& word = requests_.wake[number_];
    spinning.fetch_or(bit, seq_cst);
    bool woken = spin(credit_.window(), [&] { return word.load(acquire) != seen; });
    spinning.fetch_and(~bit, seq_cst);
    credit_.learn(woken);
    return woken;
  }

  void run(const claimed_slot& mine) noexcept {
    slot_word word{mine.generation, number_, slot_state::claimed};
    slot_word started{mine.generation, number_, slot_state::started};
    std::uint64_t expected = word.bits();
    // From here on a death is the task's. release: nothing of the task happens before it.
    if (!answers_.state[mine.slot].compare_exchange_strong(expected, started.bits(), acq_rel))
      sys::wait_for_end();  // we are being killed for this task
    out_.begin(mine.slot);
    try {
      run_task(mine, requests_.requests[mine.slot]);
    } catch (...) {
      put_error(out_, std::current_exception());
    }
    std::fflush(stdout);  // what the task has printed is seen even if the next one kills us
    publish(mine, started);
  }

  void run_task(const claimed_slot& mine, const request& r) {
    const unsigned char* bytes = memory_.request_room(mine.slot, r.size);
    if (!bytes) throw_io_error(ENOMEM, "map", "the arguments of a task");
    task t(home::here(), bytes, r.size, r.deadline, out_);
    if (r.named) t.is_called(requests_.words[mine.slot]);
    {
      spin_guard here(lock_);
      current_ = &t, slot_ = mine.slot, generation_ = mine.generation;
    }
    look_for_cancel();  // asked before we were there
    t.run_remote();
    {
      spin_guard here(lock_);
      current_ = nullptr;
    }
    if (t.ending_ == ending::cancelled) throw cancelled{"cancelled before it began"};
  }

  void publish(const claimed_slot& mine, slot_word started) noexcept {
    answers_.answers[mine.slot].size = out_.bytes().size();
    was_looked_for_ = requests_.looking.load(relaxed) != 0;
    slot_word done{mine.generation, number_, slot_state::done};
    std::uint64_t expected = started.bits();
    // release: the answer is there. If we die before the bit is set, the client sees the word.
    if (!answers_.state[mine.slot].compare_exchange_strong(expected, done.bits(), acq_rel))
      sys::wait_for_end();
    answers_.done_bits[mine.slot / 64].fetch_or(std::uint64_t(1) << mine.slot % 64, seq_cst);
    if (answers_.client_asleep.load(seq_cst) && answers_.client_asleep.exchange(0, acq_rel))
      tell_client();
  }
  void tell_client() noexcept { memory_.ring_bell(); }

  void look_for_cancel() noexcept {
    spin_guard here(lock_);
    if (current_ && requests_.requests[slot_].cancel.load(acquire) == generation_)
      current_->ask_to_end(requests_.words[slot_].reason);
  }
  static void* listen(void* p) {
    auto& self = *static_cast<worker*>(p);
    for (;;) {
      sys::futex_wait_shared(&self.requests_.control_word(self.number_), self.seen_control_);
      self.seen_control_ = self.requests_.control[self.number_].load(acquire);
      self.look_for_cancel();
    }
  }

  shared_memory& memory_;
  const request_table& requests_;
  answer_table& answers_;
  std::uint16_t number_;
  worker_record& record_;
  slot_encoder out_;
  std::uint32_t seen_control_ = 0;
  std::uint64_t since_sleep_ = 0;  // tasks
  bool was_looked_for_ = false;    // its last answer
  spin_credit credit_;
  spin_lock lock_;  // of what the listener looks at
  task* current_ = nullptr;
  std::uint32_t slot_ = 0, generation_ = 0;
};

}  // namespace

void run_worker(shared_memory& memory, int number) noexcept {
  static worker& self = *must_make<worker>(memory, number);  // its listener never ends
  try {
    self.prepare();
    self.set_phase(worker_phase::ready);
    self.work();
  } catch (...) {
    self.failed(describe(std::current_exception()));
  }
  std::fflush(nullptr);
  sys::leave(0);
}

}  // namespace kettle::inline KETTLE_ABI
