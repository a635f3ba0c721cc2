#include <kettle/io/dns.hpp>

#include "io/io_rig.hpp"

namespace kettle {
namespace {

class resolving : public every_backend {};
ON_EVERY_BACKEND(resolving);

TEST_P(resolving, numbers_and_localhost_are_answered_at_once) {
  in_run([]() -> task<> {
    auto number = co_await resolve("192.0.2.1", 80);
    EXPECT_EQ(number.size(), 1u);
    EXPECT_EQ(number[0].text(), "192.0.2.1:80");
    auto here = co_await resolve("localhost", 81);
    EXPECT_EQ(here.size(), 2u);
    EXPECT_EQ(here[0].text(), "127.0.0.1:81");
    EXPECT_EQ(here[1].text(), "[::1]:81");
  });
}

TEST_P(resolving, a_name_is_not_cut_at_a_nul) {
  in_run([]() -> task<> {
    for (const char* bad : {"localhost", "127.0.0.1", "example.org"}) {
      auto o = co_await as_outcome(resolve(std::string(bad) + '\0' + ".evil", 80));
      EXPECT_TRUE(o.error_as<usage_error>()) << o.what();
      auto to = co_await as_outcome(connect(std::string(bad) + '\0', 80));
      EXPECT_TRUE(to.error_as<usage_error>()) << to.what();
    }
  });
}

TEST_P(resolving, names_that_nobody_knows_are_an_error_with_the_name) {
  in_run([]() -> task<> {
    auto o = co_await as_outcome(resolve("no-such-host.invalid", 80));
    EXPECT_EQ(o.what().rfind("resolve no-such-host.invalid: ", 0), 0u) << o.what();
    EXPECT_TRUE(o.error_as<io_error>());
  });
}

TEST_P(resolving, cancelling_does_not_wait_for_the_system) {
  in_run([]() -> task<> {
    auto began = std::chrono::steady_clock::now();
    auto ignored =
        co_await move_on_after(0ms, as_outcome(resolve("no-such-host-at-all.invalid", 80)));
    (void)ignored;
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  });
}

}  // namespace
}  // namespace kettle
