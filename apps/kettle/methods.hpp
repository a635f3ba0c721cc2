#pragma once
// The ways to do the items of a cell, each what it is called and nothing else.
//
//   meter watch;
//   auto outcomes = run_items(c, watch);      // as c.how says; never by another method instead
//
// sequential, threads, processes and green run the client that knows nothing of kettle
// (client_plain.cpp); fibers one whose waits are kettle's operations with .get() (client.cpp);
// coroutines await its twin (client_coroutine.cpp). green starts one std::thread for each item and
// throws std::runtime_error unless they are fibers: `kettle green` must have started the process.

#include "cell.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace kettle::app {

struct item_outcome {
  std::string answer;
  std::string why;  // it failed; empty: it did not
  bool failed = false;
};

// Told by a method when its pool or loop stands, and when the last item is done while it still
// stands.
class meter {
 public:
  virtual ~meter() = default;
  virtual void ready() {}
  virtual void over() {}
};

std::vector<item_outcome> run_items(const cell& c, meter& watch);

// Programs of execute that ran at the same time, at most, in this process so far.
int most_programs_at_once();

// What one has to write for this: the client function and the lines that run it for every item.
int lines_of_code(method how, work_kind work);

}  // namespace kettle::app
