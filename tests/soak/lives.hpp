#pragma once
// The children of the theme `lives`: they wait a little or not, then give twice what they were
// given, or fail. What is started where nobody waits for it gets a counted without a household.

#include "ways.hpp"

#include <span>
#include <vector>

namespace soak {

struct liver {
  static constexpr bool acts_end = true;
  chance random;
  thread_pool& pool;

  unsigned number() { return random(1u << 20); }
  std::vector<unsigned> numbers(std::size_t n) {
    std::vector<unsigned> all;
    while (all.size() < n) all.push_back(number());
    return all;
  }
};

// Forms and nurseries; other threads and pools.
extern const std::span<const act<liver>> acts_of_forms, acts_of_pools;

inline unsigned twice(unsigned x) { return 2 * x; }

inline task<unsigned> wait_a_little(counted, unsigned x) {
  chance random(x);
  if (random.one_in(9)) throw boom();
  if (random.one_in(3))
    co_await yield();
  else
    co_await sleep_for(random.moment());
  if (random.one_in(11)) throw boom();
  co_return twice(x);
}

inline unsigned block_a_little(counted, unsigned x) {
  chance random(x);
  if (random.one_in(9)) throw boom();
  if (random.one_in(3))
    check_cancelled();
  else
    sleep_for(random.moment()).get();
  if (random.one_in(11)) throw boom();
  return twice(x);
}

}  // namespace soak
