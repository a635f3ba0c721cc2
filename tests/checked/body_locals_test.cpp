// A child that refers to a local of its nursery's body is refused, and nothing else is.

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>

namespace kettle {
namespace {

using namespace std::chrono_literals;

static_assert(is_checked_build);

constexpr const char* refusal =
    "this child refers to a local of its nursery's body, which ends before its children do: "
    "declare it before with_nursery, or give it as an argument";

task<> reads(const std::string& text) {
  co_await yield();
  EXPECT_FALSE(text.empty());
}
task<> owns(std::string text) {
  co_await yield();
  EXPECT_FALSE(text.empty());
}
void looks(const std::string& text) { EXPECT_FALSE(text.empty()); }

template <class Start> std::string refused(Start start) {
  try {
    start();
  } catch (const usage_error& e) {
    return e.what();
  }
  return "allowed";
}

task<> root(nursery& n) {
  std::string local = "root";
  EXPECT_EQ(refused([&] { n.start(reads, std::ref(local)); }), refusal);
  EXPECT_EQ(refused([&] { n.start(owns, local); }), "allowed");
  co_return;
}

TEST(body_locals, of_the_root_are_refused) { run(root); }

TEST(body_locals, of_a_coroutine_are_refused_in_every_place) {
  run([]() -> task<> {
    std::string before = "a text too long for its own object to hold it";
    auto body = [&](nursery& n, std::string given) -> task<> {
      std::string local = "short";
      EXPECT_EQ(refused([&] { n.start(reads, std::ref(local)); }), refusal);
      EXPECT_EQ(refused([&] { n.start(reads, std::ref(given)); }), refusal);
      EXPECT_EQ(refused([&] { n.start([&local] { return reads(local); }); }), refusal);
      EXPECT_EQ(refused([&] { n.start(on_thread, looks, std::ref(local)); }), refusal);
      co_await yield();  // and after a wait
      EXPECT_EQ(refused([&] { n.start(as_outcome, reads, std::ref(local)); }), refusal);

      EXPECT_EQ(refused([&] { n.start(reads, std::ref(before)); }), "allowed");
      EXPECT_EQ(refused([&] { n.start(on_thread, looks, std::ref(before)); }), "allowed");
      EXPECT_EQ(refused([&] { n.start(owns, local); }), "allowed");
      EXPECT_EQ(refused([&] { n.start(owns, std::move(given)); }), "allowed");
      EXPECT_EQ(
          refused([&] { n.start([&n, &before] { return n.start(reads, std::ref(before)); }); }),
          "allowed");
    };
    co_await with_nursery(body, "given");
  });
}

TEST(body_locals, of_an_ordinary_body_are_refused) {
  std::string before = "before";
  auto body = [&](nursery& n) {
    std::string local = "local";
    EXPECT_EQ(refused([&] { n.start(reads, std::ref(local)); }), refusal);
    EXPECT_EQ(refused([&] { n.start(reads, std::ref(before)); }), "allowed");
    EXPECT_EQ(refused([&] { n.start(owns, local); }), "allowed");
  };
  with_nursery(body).get();
}

// The bytes between the members of an object that is copied whole are whatever lay on the stack.
TEST(body_locals, are_not_seen_in_padding) {
  struct padded {
    char first;
    long second;
  };
  auto body = [](nursery& n) {
    const void* address_of_a_local = &n;
    for (int i = 0; i < 3; i++) {
      alignas(padded) unsigned char bytes[sizeof(padded)];
      const void* here = &address_of_a_local;
      std::memcpy(bytes, &here, sizeof here);
      padded p;
      std::memcpy(&p, bytes, sizeof p);
      p.first = 'x', p.second = 1;
      EXPECT_EQ(refused([&] { n.start(deadline(1h), on_thread, [](padded) {}, p); }), "allowed");
      EXPECT_EQ(refused([&] { n.start(deadline(1h), on_thread, [] {}); }), "allowed");
    }
  };
  with_nursery(body).get();
}

TEST(body_locals, are_forgotten_when_the_body_has_ended) {
  run([]() -> task<> {
    auto later = [](nursery& n, int depth, auto self) -> task<> {
      std::string mine = "mine";
      co_await yield();
      // Frames made now may lie where the body's was.
      if (depth == 0) co_return;
      EXPECT_EQ(refused([&] { n.start(self, std::ref(n), depth - 1, self); }), "allowed");
    };
    auto body = [&](nursery& n) -> task<> {
      for (int i = 0; i < 10; i++) n.start(later, std::ref(n), 20, later);
      co_return;
    };
    co_await with_nursery(body);
  });
}

}  // namespace
}  // namespace kettle
