#include "table.hpp"

#include <gtest/gtest.h>

using namespace kettle::app;

namespace {

method_row row(method how, double wall, double speedup) {
  method_row r;
  r.how = how;
  r.measured = true;
  r.width = how == method::sequential ? 1 : 64;
  r.walls = {wall};
  r.wall = {wall, wall * 0.9, wall * 1.1, {wall, wall}, 5};
  r.cpu.median = 0.012;
  r.speedup = summary{speedup, speedup, speedup, {speedup * 0.9, speedup * 1.1}, 5};
  r.startup_s = 0.000'250;
  r.peak_kib = 9 * 1024;
  r.threads = how == method::threads ? 65 : 1;
  r.lines = 14;
  return r;
}

workload_report report() {
  workload_report r;
  r.work.name = "waiting";
  r.work.title = "200 pages";
  r.items = 200;
  r.cores = 2;
  r.rounds_wanted = r.rounds_run = r.rounds_kept = 5;
  r.rows = {row(method::sequential, 4.0, 1), row(method::threads, 0.1, 40)};
  return r;
}

}  // namespace

TEST(table, shows_every_figure_in_columns_that_line_up) {
  EXPECT_EQ(table(report(), {}),
            "waiting: 200 pages\n"
            "method      at once  median           spread      speed-up      cpu     peak  threads"
            "  procs  start-up  lines  failed\n"
            "sequential        1  4.00 s   3.60 s..4.40 s            1x  12.0 ms  9.0 MiB        1"
            "      1    250 us     14       0\n"
            "threads          64  100 ms  90.0 ms..110 ms  40x (36..44)  12.0 ms  9.0 MiB       65"
            "      1    250 us     14       0\n"
            "5 rounds on 2 cores\n"
            "sequential  ######################################## 4.00 s\n"
            "threads     # 100 ms\n");
}

TEST(table, is_plain_unless_there_is_a_terminal) {
  EXPECT_EQ(table(report(), {}).find('\033'), std::string::npos);
  auto fancy = table(report(), {.fancy = true});
  EXPECT_NE(fancy.find("\033[1mwaiting\033[0m"), std::string::npos);
  EXPECT_NE(fancy.find("\u2588"), std::string::npos);
}

TEST(table, says_what_was_put_aside_and_what_was_interrupted) {
  auto r = report();
  r.rounds_run = 9;
  r.interrupted = true;
  EXPECT_NE(
      table(r, {}).find("5 rounds on 2 cores; 4 of 9 put aside, other work held the cores for "
                        "over 10 %; interrupted\n"),
      std::string::npos);
}

TEST(table, a_method_that_broke_has_no_figures) {
  auto r = report();
  r.rows[1] = {};
  r.rows[1].how = method::threads;
  r.rows[1].problem = "exit 1";
  auto text = table(r, {});
  EXPECT_NE(text.find("threads           1       -"), std::string::npos) << text;
  EXPECT_NE(text.find("all\n"), std::string::npos) << text;
}

TEST(table, marks_what_was_scaled_and_says_from_what) {
  auto r = report();
  EXPECT_EQ(table(r, {}).find('~'), std::string::npos);
  r.items = 10'000;
  r.rows[0].items = 200;
  r.rows[0].scaled = true;
  auto text = table(r, {});
  EXPECT_NE(text.find(" ~4.00 s "), std::string::npos) << text;
  EXPECT_NE(text.find(" ~12.0 ms "), std::string::npos) << text;
  EXPECT_NE(text.find("~ measured on 200 of the 10000 items and scaled: all would take over 30 s"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("# ~4.00 s\n"), std::string::npos) << text;
}

TEST(table, durations_have_three_digits_and_a_unit) {
  EXPECT_EQ(duration(4.236), "4.24 s");
  EXPECT_EQ(duration(42.36), "42.4 s");
  EXPECT_EQ(duration(423.6), "424 s");
  EXPECT_EQ(duration(0.0912), "91.2 ms");
  EXPECT_EQ(duration(0.9999), "1.00 s");
  EXPECT_EQ(duration(0.00999), "9.99 ms");
  EXPECT_EQ(duration(0.000'035), "35 us");
  EXPECT_EQ(duration(0), "0 us");
}
