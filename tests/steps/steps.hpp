#pragma once
// Counts the basic blocks that this program executes: what grows with the square shows, whatever
// machine runs it.
//
//   long n = steps_of([] { ... });

namespace kettle::tests {

extern long steps;  // of this thread

template <class F> long steps_of(F f) {
  long before = steps;
  f();
  return steps - before;
}

}  // namespace kettle::tests
