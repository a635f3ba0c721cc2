#include <kettle/kettle.hpp>
#include <cstdio>
#include <map>
using namespace kettle;

struct room {
  std::map<std::string, sender<std::string>> outboxes;      // no lock: one loop
  void say(const std::string& line) {
    std::printf("%s\n", line.c_str());
    for (auto& [name, out] : outboxes) out.try_send(line);  // a slow peer loses lines
  }
};

task<> hear(room& r, stream& peer, std::string name) {
  while (auto line = co_await peer.read_line()) r.say(name + ": " + *line);
}

task<> tell(stream& peer, receiver<std::string> lines) {
  while (auto line = co_await lines.next()) co_await peer.write(*line + "\n");
}

task<> talk(room& r, stream peer) {
  auto name = co_await peer.read_line();                    // the first line is the name
  if (!name) co_return;
  channel<std::string> outbox(16);
  r.outboxes.emplace(*name, outbox.sender());
  r.say(*name + " joined");
  auto leave = [&] { r.outboxes.erase(*name); r.say(*name + " left"); };
  co_await finally(race(hear(r, peer, *name), tell(peer, outbox.receiver())), leave);
}

task<> chat(std::string where) {
  room r;                                                   // before the nursery: peers refer to it
  co_await with_nursery([&](nursery& peers) -> task<> {
    auto door = co_await listen(where);
    for (;;) peers.start(as_outcome, talk, std::ref(r), co_await door.accept());
  });
}

int main(int argc, char** argv) {
  std::string where = argc > 1 ? argv[1] : "tcp:7777";
  run([&] { return race(chat(where), ctrl_c()); });
}
