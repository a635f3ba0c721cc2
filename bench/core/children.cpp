// Starting a child coroutine in a nursery and waiting for its end, a thousand at a time.
#include "measure.hpp"

#include <kettle/kettle.hpp>

#include <cstdlib>

namespace {

kettle::task<> child(long& done) {
  ++done;
  co_return;
}

kettle::task<> thousands(long n) {
  long done = 0;
  for (long i = 0; i < n; i += 1000) {
    co_await kettle::with_nursery([&](kettle::nursery& group) {
      for (int j = 0; j < 1000; j++) group.start(child, std::ref(done));
    });
  }
  if (done < n) std::abort();
}

}  // namespace

int main() {
  bench::report("", bench::nanoseconds_each(2'000'000, [](long n) { kettle::run(thousands, n); }),
                "ns");
}
