#include "fetch.hpp"
#include "site.hpp"

#include <kettle/coro/all.hpp>
#include <kettle/coro/run.hpp>

#include <gtest/gtest.h>

#include <cstdlib>

namespace kettle {
namespace {

using namespace std::chrono_literals;

// Runs f beside the site.
template <class F> void with_site(F f, run_options o = {}) {
  run(o, [&]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    ::setenv("FETCH_HOSTS", ("bad2=127.0.0.1:1,*=" + door.where().text()).c_str(), 1);
    auto body = [&](nursery& n) -> task<> {
      n.start(as_service, site::serve, std::ref(n), std::ref(door));
      co_await f();
      n.cancel("done");
    };
    co_await with_nursery(body);
  });
}

TEST(fetch, gives_body_and_links) {
  with_site([]() -> task<> {
    page p = co_await fetch("http://a/");
    EXPECT_EQ(p.url, "http://a/");
    EXPECT_EQ(p.body, site::pages().at("a/"));
    std::vector<std::string> links = {"http://a/1", "http://a/2", "http://b/", "http://a/bad"};
    EXPECT_EQ(p.links, links);
    EXPECT_EQ((co_await fetch("http://c")).body, "c's page");
  });
}

TEST(fetch, every_failure_names_the_url) {
  with_site([]() -> task<> {
    auto bad = co_await as_outcome(fetch("http://bad/1"));
    EXPECT_EQ(bad.what(), "GET http://bad/1: 500 Internal Server Error");
    EXPECT_TRUE(bad.error_as<io_error>());
    EXPECT_EQ((co_await as_outcome(fetch("http://a/none"))).what(),
              "GET http://a/none: 404 Not Found");
    EXPECT_EQ((co_await as_outcome(fetch("http://bad2/"))).what(),
              "GET http://bad2/: Connection refused");
    EXPECT_TRUE((co_await as_outcome(fetch("ftp://a/"))).error_as<usage_error>());
  });
}

TEST(fetch, has_deadlines_like_anything_in_virtual_time_too) {
  for (time_kind t : {time_kind::real, time_kind::virtual_time})
    with_site(
        []() -> task<> {
          EXPECT_FALSE(co_await move_on_after(50ms, fetch("http://slow/")));
          EXPECT_TRUE(co_await move_on_after(5s, fetch("http://c/")));
        },
        {.time = t});
}

TEST(fetch, takes_urls_apart) {
  ::unsetenv("FETCH_HOSTS");
  auto t = fetching::take_apart("http://example.org:8080/x?y");
  EXPECT_EQ(t.connect_to, "tcp:example.org:8080");
  EXPECT_EQ(t.path, "/x?y");
  EXPECT_EQ(t.host, "example.org:8080");
  EXPECT_EQ(fetching::take_apart("http://[::1]/").connect_to, "tcp:[::1]:80");
  EXPECT_EQ(fetching::take_apart("http://example.org").path, "/");
}

}  // namespace
}  // namespace kettle
