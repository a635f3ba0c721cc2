// Asio's side of "create + await + destroy a task": awaitable<void> on one thread.
#include "../core/measure.hpp"

#include <asio.hpp>
#include <cstdlib>

namespace {

[[gnu::noinline]] asio::awaitable<void> leaf(long& done) {
  ++done;
  co_return;
}

asio::awaitable<void> many(long n, long& done) {
  for (long i = 0; i < n; i++) co_await leaf(done);
}

}  // namespace

int main() {
  bench::report("",
                bench::nanoseconds_each(5'000'000,
                                        [](long n) {
                                          asio::io_context context(1);
                                          long done = 0;
                                          asio::co_spawn(context, many(n, done), asio::detached);
                                          context.run();
                                          if (done != n) std::abort();
                                        }),
                "ns");
}
