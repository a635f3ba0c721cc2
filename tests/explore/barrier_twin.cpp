#include "twin.hpp"

#include <optional>

namespace kettle::twins {
namespace {

// The rank, or nothing where the barrier was broken.
std::optional<std::size_t> meet(barrier& b) {
  try {
    return b.wait().get();
  } catch (const broken_resource&) {
    return std::nullopt;
  }
}

}  // namespace
}  // namespace kettle::twins

TWIN(barrier, lets_all_go_on_together_with_ranks) {
  barrier b(3);
  testing::var<int> there = 0, here = 0;
  std::size_t third = 3;
  testing::thread other("other", [&] {
    there = 1;
    third = b.wait().get();
    testing::check(here == 1, "what each did before is visible to all after");
  });
  here = 1;
  auto [first, second] = all(b.wait(), b.wait()).get();
  testing::check(there == 1, "what each did before is visible to all after");
  other.join();
  testing::check((1 << first | 1 << second | 1 << third) == 0b111, "three ranks, each once");
  testing::check(first < second, "in the order in which they came");
}

TWIN(barrier, meets_again_and_again) {
  barrier b(2);
  testing::var<int> n = 0;
  testing::thread other("other", [&] {
    b.wait().get();
    n = n + 1;
    b.wait().get();
  });
  n = n + 1;
  b.wait().get();
  b.wait().get();
  testing::check(n == 2, "they are in step");
}

TWIN(barrier, abort_tells_who_waits_and_who_comes) {
  barrier b(2);
  testing::thread other("other", [&] { testing::check(!meet(b), "who waits or comes is told"); });
  b.abort();
  testing::check(!meet(b), "who comes is told");
  other.join();
  testing::check(b.broken() && b.waiting() == 0, "it stays broken");
}

TWIN(barrier, reset_tells_who_waits_and_begins_anew) {
  barrier b(2);
  event first_waits;
  testing::thread resetter("resetter", [&] {
    first_waits.wait().get();
    b.reset();
    testing::check(meet(b).has_value(), "who comes after reset() meets the next");
  });
  auto early = [&]() -> task<> {
    try {
      (void)co_await b.wait();
      testing::check(false, "who waited before reset() is told");
    } catch (const broken_resource&) {}
  };
  all(early(), [&] { first_waits.set(); }).get();
  testing::check(meet(b).has_value(), "who comes after reset() meets the next");
}

TWIN(barrier, may_be_destroyed_once_all_have_met) {
  std::optional<barrier> b(std::in_place, 2);
  barrier& same = *b;
  event passed;
  testing::thread other("other", [&] {
    same.wait().get();
    passed.set();
  });
  b->wait().get();
  passed.wait().get();
  b.reset();
}

TWIN(barrier, a_cancelled_party_tells_who_waits_and_who_comes) {
  barrier b(3);
  testing::thread other("other", [&] { testing::check(!meet(b), "two of three do not meet"); });
  auto rank = move_on_after(std::chrono::milliseconds(1), b.wait()).get();
  testing::check(!rank, "two of three do not meet");
  other.join();
  testing::check(b.broken() && b.waiting() == 0, "it stays broken");
}

TWIN(barrier, a_cancelled_party_breaks_it_or_has_met) {
  barrier b(3);
  int met = 0;
  auto meet_there = [&]() -> task<> {
    try {
      (void)co_await b.wait();
      met++;
    } catch (const broken_resource&) {}
  };
  testing::thread others("others", [&] { all(meet_there(), meet_there()).get(); });
  if (move_on_after(std::chrono::milliseconds(1), b.wait()).get()) met++;
  others.join();
  testing::check(met == 3 || met == 0, "all have met, or nobody has");
}

TWIN(barrier, a_cancelled_party_does_not_break_the_next_generation) {
  barrier b(2);
  event first_waits, was_reset;
  testing::thread resetter("resetter", [&] {
    first_waits.wait().get();
    b.reset();
    was_reset.set();
    testing::check(meet(b).has_value(), "who comes after reset() meets the next");
  });
  auto early = [&]() -> task<> {
    try {
      testing::check(!co_await move_on_after(std::chrono::milliseconds(1), b.wait()), "alone");
    } catch (const broken_resource&) {  // reset() came before the deadline
    }
  };
  all(early(), [&] { first_waits.set(); }).get();
  was_reset.wait().get();
  testing::check(meet(b).has_value(), "who comes after reset() meets the next");
}
