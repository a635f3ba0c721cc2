#include <kettle/kettle.hpp>
#include "fetch.hpp"
#include <cstdio>
using namespace kettle;
using namespace std::chrono_literals;

struct session {
  bool open = true;
  task<> goodbye() { co_await sleep_for(50ms); open = false; }  // cleanup that waits
};

task<std::string> both(session& s, std::string left, std::string right) {
  co_return co_await finally(
    fail_after(2s, with_nursery([&](nursery& n) -> task<std::string> {
      auto a = n.start(fetch, left);
      auto b = n.start(fetch, right);
      std::string text = (co_await a).body;
      co_return text + (co_await b).body;
    })),
    s.goodbye(), 1s);                                  // runs shielded on every way out, cut at 1 s
}

task<> show(std::string left, std::string right) {
  session s;
  try {
    std::printf("%s\n", (co_await both(s, left, right)).c_str());
  } catch (...) {                                      // one error or a group: the same handlers
    handle_each(
      [](const timeout_error&) { std::puts("too slow"); },
      [](const io_error& e) { std::printf("network: %s\n", e.what()); });
  }                                                    // anything else, and `cancelled`, goes on up
  std::printf("session %s\n", s.open ? "left open" : "closed");
}

task<> main_task() {
  co_await show("http://a/1", "http://a/2");
  co_await show("http://a/1", "http://a/slow");
  co_await show("http://a/bad", "http://b/bad");
}

int main() { run(main_task); }
