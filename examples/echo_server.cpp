#include <kettle/kettle.hpp>
#include <array>
#include <cstdio>
using namespace kettle;
using namespace std::chrono_literals;

task<> echo(stream peer) {                       // the child owns its connection
  std::array<std::byte, 4096> buf;
  while (auto n = co_await peer.read(buf))       // 0: the peer has closed
    co_await peer.write(std::span(buf).first(n));
}

task<> accept_all(listener& door, nursery& peers) {
  for (;;)  // as_outcome: a bad peer ends only itself; the error goes to the dropped-error hook
    peers.start(as_outcome, echo, co_await door.accept());
}

task<> serve(nursery& peers, std::string where) {
  auto door = co_await listen(where);
  co_await race(accept_all(door, peers), ctrl_c());  // accept until Ctrl-C (or SIGTERM)
  std::puts("no new peers; those here have 5 s");
  peers.cancel_after(5s);
}                                                // the door closes; the nursery waits for the peers

int main(int argc, char** argv) { run(serve, argc > 1 ? argv[1] : "tcp:7777"); }
