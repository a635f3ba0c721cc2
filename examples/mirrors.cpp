#include <kettle/kettle.hpp>
#include "fetch.hpp"
#include <cstdio>
using namespace kettle;
using namespace std::chrono_literals;

// The first *good* answer. The next mirror starts after 250 ms, or at once when one fails; when
// this returns, the losers' cleanup has finished.
task<page> from_mirrors(std::vector<std::string> mirrors) {
  co_return co_await first_of(fetch, mirrors, {.stagger = 250ms});
}

task<std::string> from_cache() { co_await sleep_for(30ms); co_return "cached"; }
task<std::string> from_network() { co_return (co_await fetch("http://c/")).body; }

task<> main_task() {
  std::vector<std::string> mirrors = {"http://bad/", "http://slow/", "http://c/"};
  page p = co_await from_mirrors(mirrors);
  std::printf("%s\n", p.url.c_str());

  // the first to *end*, good or bad
  std::printf("%s\n", (co_await race(from_cache(), from_network())).c_str());

  mirrors = {"http://bad/1", "http://bad/2"};
  try {
    co_await from_mirrors(mirrors);
  } catch (error_group& all_failed) {
    std::printf("%s\n", all_failed.what());  // 2 errors: GET http://bad/1: ...; GET ...
  }
}

int main() { run(main_task); }
