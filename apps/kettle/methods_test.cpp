#include "methods.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fmt/format.h>
#include <array>
#include <string>
#include <thread>

#include "responder.hpp"
#include "work.hpp"

using namespace kettle::app;

namespace {

// kettle's pages in a thread of this process.
class pages {
 public:
  explicit pages(int delay_ms) {
    std::array<int, 2> life{}, port{};
    if (::pipe(life.data()) != 0 || ::pipe(port.data()) != 0) return;
    lifeline_ = life[1];
    thread_ = std::thread([delay_ms, in = life[0], out = port[1]] {
      serve_pages(delay_ms, in, out);
      ::close(in);
    });
    std::string line;
    for (char c; ::read(port[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(port[0]), ::close(port[1]);
    port_ = line;
  }
  ~pages() {
    ::close(lifeline_);
    thread_.join();
  }
  std::string address(int page) const {
    return fmt::format("http://127.0.0.1:{}/page/{}", port_, page);
  }

 private:
  int lifeline_ = -1;
  std::string port_;
  std::thread thread_;
};

class counting : public meter {
 public:
  void ready() override { ready_++; }
  void over() override { over_++; }
  int ready_ = 0, over_ = 0;
};

class methods : public testing::TestWithParam<method> {
 protected:
  cell cell_of(work_kind work, std::size_t width) const {
    cell c;
    c.work = work;
    c.how = GetParam();
    c.width = GetParam() == method::sequential ? 1 : width;
    return c;
  }
};

}  // namespace

TEST_P(methods, fetch_every_page_and_keep_the_order) {
  pages served(1);
  for (std::size_t width : {1, 3, 20}) {
    auto c = cell_of(work_kind::fetch, width);
    for (int i = 0; i < 20; i++) c.items.push_back(served.address(i));
    counting watch;
    auto out = run_items(c, watch);
    ASSERT_EQ(out.size(), 20u);
    for (std::size_t i = 0; i < out.size(); i++) {
      EXPECT_FALSE(out[i].failed) << out[i].why;
      EXPECT_EQ(out[i].answer, sha256(page_text(i)));
    }
    EXPECT_EQ(watch.ready_, 1);
    EXPECT_EQ(watch.over_, 1);
  }
}

TEST_P(methods, compute_on_what_they_fetched) {
  pages served(0);
  auto c = cell_of(work_kind::fetch_and_compute, 4);
  c.passes = 3;
  for (int i = 0; i < 8; i++) c.items.push_back(served.address(i));
  meter watch;
  auto out = run_items(c, watch);
  for (std::size_t i = 0; i < out.size(); i++) EXPECT_EQ(out[i].answer, digest(page_text(i), 3));
}

TEST_P(methods, one_bad_item_leaves_the_others) {
  pages served(0);
  auto c = cell_of(work_kind::fetch, 4);
  c.items = {served.address(1), "http://127.0.0.1:1/", served.address(2), served.address(3) + "x"};
  meter watch;
  auto out = run_items(c, watch);
  EXPECT_FALSE(out[0].failed);
  EXPECT_TRUE(out[1].failed);
  EXPECT_NE(out[1].why.find("Connection refused"), std::string::npos) << out[1].why;
  EXPECT_FALSE(out[2].failed);
  EXPECT_TRUE(out[3].failed);
  EXPECT_EQ(out[3].why, "the server answered 404");
}

TEST_P(methods, an_item_that_takes_too_long_is_given_up) {
  pages served(60'000);
  auto c = cell_of(work_kind::fetch, 2);
  c.timeout_s = 0.05;
  c.items = {served.address(1), served.address(2)};
  meter watch;
  for (auto& one : run_items(c, watch)) {
    EXPECT_TRUE(one.failed);
    EXPECT_EQ(one.why, "no answer within 0.05 s");
  }
}

TEST_P(methods, compute_and_run_programs) {
  auto c = cell_of(work_kind::compute, 2);
  c.items = {"fib 10", "fib 11", "fib 12"};
  meter watch;
  auto out = run_items(c, watch);
  EXPECT_EQ(out[0].answer + " " + out[1].answer + " " + out[2].answer, "55 89 144");
  c = cell_of(work_kind::execute, 2);
  c.script = "test \"$1\" = good";
  c.items = {"good", "bad", "good"};
  out = run_items(c, watch);
  EXPECT_FALSE(out[0].failed) << out[0].why;
  EXPECT_TRUE(out[1].failed);
  EXPECT_FALSE(out[2].failed) << out[2].why;
}

TEST_P(methods, their_lines_are_counted) {
  EXPECT_GT(lines_of_code(GetParam(), work_kind::fetch),
            lines_of_code(GetParam(), work_kind::compute));
  EXPECT_GT(lines_of_code(GetParam(), work_kind::compute), 3);
}

TEST(green_method, is_refused_where_its_threads_would_be_threads) {
  cell c;
  c.how = method::green;
  c.items = {"fib 10"};
  counting watch;
  EXPECT_THROW(run_items(c, watch), std::runtime_error);
  EXPECT_EQ(watch.ready_, 0);
}

// green needs a process of its own: cli_test.py.
INSTANTIATE_TEST_SUITE_P(all, methods,
                         testing::Values(method::sequential, method::threads, method::processes,
                                         method::coroutines, method::fibers),
                         [](auto& info) { return std::string(name_of(info.param)); });
