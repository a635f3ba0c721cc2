// Interruptible children: their blocking calls are ended, those of nobody else.

#include "core/home.hpp"
#include "sys/futex.hpp"
#include "testing/engine.hpp"

#include "twin.hpp"

#include <cerrno>
#include <optional>

namespace kettle::twins {
namespace {

using namespace std::chrono_literals;

// A thread that runs two children, one after the other: fewer steps than a pool takes.
class two_in_turn {
 public:
  static constexpr bool is_place = true;
  void launch(placed_child_base& c) const {
    c.begin_remote(queue_);  // nobody has been cancelled yet
    tickets_[number_++] = &c.ticket();
    if (number_ == 2) worker_.emplace("worker", [this] { run_both(); });
  }

 private:
  struct queue final : job_queue {};
  void run_both() const {
    for (queue_ticket* t : tickets_) {
      placed_child_base* c = t->take();
      t->drop();
      if (c) c->run_remote();
    }
  }
  mutable queue queue_;
  mutable queue_ticket* tickets_[2] = {};
  mutable int number_ = 0;
  mutable std::optional<testing::thread> worker_;
};

std::uint32_t interrupts_here() { return testing::detail::engine::here().interrupts_here(); }

// A system call that nobody ends but a signal.
int blocks_for_ever() {
  atomic<std::uint32_t> never{0};
  return sys::futex_wait(never, 0);
}

// Another one, for a child that is not interruptible.
void waits_undisturbed(atomic<std::uint32_t>& open) {
  while (open.load(acquire) == 0)
    testing::check(sys::futex_wait(open, 0) != -EINTR, "the signal was for another");
}

}  // namespace
}  // namespace kettle::twins

TWIN(interrupter, ends_the_blocking_call_of_a_cancelled_child) {
  bool ended = true;
  run([&](nursery& n) {
    n.start(interruptible, on_thread, [&] { ended = blocks_for_ever() == -EINTR; });
    n.cancel();
  });
  testing::check(ended, "by EINTR, if it came so far");
}

// The signal may come between two calls, and then ends neither.
TWIN(interrupter, interrupts_again_until_its_child_ends) {
  run([](nursery& n) {
    n.start(interruptible, on_thread, [] {
      blocks_for_ever();
      blocks_for_ever();
    });
    n.cancel();
  });
}

TWIN(interrupter, ends_the_blocking_call_of_one_that_is_cancelled_by_its_future) {
  run([](nursery& n) {
    auto f = n.start(interruptible, on_thread, [] { blocks_for_ever(); });
    f.cancel();
    f.cancel();
  });
}

TWIN(interrupter, ends_the_blocking_call_of_one_that_is_cancelled_by_its_deadline) {
  run([](nursery& n) {
    n.scope().cancel_after(1ms);
    n.start(interruptible, on_thread, [] { blocks_for_ever(); });
  });
}

TWIN(interrupter, leaves_alone_who_is_not_cancelled) {
  run([](nursery& n) {
    n.start(interruptible, on_thread, [] {
      std::uint32_t before = interrupts_here();
      sleep_for(20ms).get();
      testing::check(interrupts_here() == before, "nobody has asked for it");
    });
  });
}

TWIN(interrupter, leaves_alone_who_follows_a_cancelled_child_on_its_thread) {
  two_in_turn worker;
  atomic<std::uint32_t> open{0};
  event begun;
  auto body = [&](nursery& n) -> task<> {
    auto first = n.start(interruptible, worker, [&] {
      begun.set();
      sleep_forever().get();
    });
    n.start(worker, [&] { waits_undisturbed(open); });
    co_await begun.wait();
    first.cancel();
    open.store(1, release);
    sys::futex_wake(open);
  };
  with_nursery(body).get();
}

// The child ends, and its thread goes on to the next one, while the nursery's loop fires what is
// due at that moment.
TWIN(interrupter, leaves_alone_who_follows_when_it_is_time_to_interrupt_again) {
  two_in_turn worker;
  atomic<std::uint32_t> never{0}, open{0};
  time_point moment = clock::now() + 10ms;
  event begun;
  auto body = [&](nursery& n) -> task<> {
    auto first = n.start(interruptible, worker, [&] {
      begun.set();
      while (sys::futex_wait(never, 0, moment) == -EINTR) {}  // it does not care for signals
    });
    n.start(worker, [&] { waits_undisturbed(open); });
    auto opens = [&]() -> task<> {
      co_await sleep_until(moment);
      open.store(1, release);
      sys::futex_wake(open);
    };
    n.start(opens);
    co_await begun.wait();
    first.cancel();
  };
  with_nursery(body).get();
}
