// Echo by kettle: a coroutine a connection. The back end is KETTLE_BACKEND's.
//
//   net_echo CONNECTIONS BYTES
#include "echo.hpp"

#include <kettle/kettle.hpp>

using namespace kettle;

namespace {

task<> echo(stream peer) {
  std::vector<std::byte> buffer(bench::echo_buffer);
  while (const auto n = co_await peer.read(std::span(buffer)))
    co_await peer.write(std::span(buffer).first(n));
}

task<> serve(nursery& peers, const bench::announcement& where) {
  listener door = co_await listen("tcp:127.0.0.1:0");
  where.say(door.port());
  for (;;) peers.start(as_outcome, echo, co_await door.accept());
}

}  // namespace

int main(int argc, char** argv) {
  return bench::measure_echo(
      argc, argv, [](const bench::announcement& where) { run(serve, std::cref(where)); });
}
