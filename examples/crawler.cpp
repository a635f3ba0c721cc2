#include <kettle/kettle.hpp>
#include "fetch.hpp"                       // task<page> fetch(std::string url)
#include <cstdio>
#include <set>
using namespace kettle;
using namespace std::chrono_literals;

struct crawl {                             // before the nursery: pages refer to it
  limiter slots{4};                        // at most 4 requests at once
  std::set<std::string> seen;              // no lock: one loop
  int good = 0;
};

task<> visit(nursery& pages, crawl& c, std::string url) {
  auto slot = co_await c.slots.acquire();                          // given back when `slot` goes
  auto got = co_await as_outcome(fail_after(5s, fetch(url)));      // an error ends this page
  if (!got) {
    std::printf("%s: %s\n", url.c_str(), got.what().c_str());
    co_return;
  }
  c.good++;
  for (auto& link : got->links)
    if (c.seen.insert(link).second) pages.start(visit, std::ref(pages), std::ref(c), link);
}

task<int> crawl_site(std::string first) {
  crawl c;
  c.seen.insert(first);
  // 30 s for everything
  bool finished = co_await move_on_after(30s, with_nursery([&](nursery& pages) {
    pages.start(visit, std::ref(pages), std::ref(c), first);
  }));
  std::printf("%d pages%s\n", c.good, finished ? "" : ", cut off after 30 s");
  co_return c.good ? 0 : 1;
}

int main(int argc, char** argv) { return run(crawl_site, argc > 1 ? argv[1] : "http://a/"); }
