// Creating, awaiting and destroying a task<> that does not wait: what every co_await of a function
// costs.
#include "measure.hpp"

#include <kettle/kettle.hpp>

#include <cstdlib>

namespace {

[[gnu::noinline]] kettle::task<> leaf(long& done) {
  ++done;
  co_return;
}

kettle::task<> many(long n, long& done) {
  for (long i = 0; i < n; i++) co_await leaf(done);
}

}  // namespace

int main() {
  bench::report("",
                bench::nanoseconds_each(10'000'000,
                                        [](long n) {
                                          long done = 0;
                                          kettle::run(many, n, std::ref(done));
                                          if (done != n) std::abort();
                                        }),
                "ns");
}
