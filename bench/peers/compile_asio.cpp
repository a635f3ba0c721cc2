// "Start two, add" with Asio's coroutines: what bench/core/compile/start_two.cpp does, for its
// compile time.
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

asio::awaitable<int> fetch(int n) { co_return n; }

asio::awaitable<int> add() {
  using namespace asio::experimental::awaitable_operators;
  auto [a, b] = co_await (fetch(1) && fetch(2));
  co_return a + b;
}

int main() {
  asio::io_context context(1);
  auto sum = asio::co_spawn(context, add(), asio::use_future);
  context.run();
  return sum.get() == 3 ? 0 : 1;
}
