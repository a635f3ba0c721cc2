#include "report.hpp"

#include <gtest/gtest.h>

using namespace kettle::app;

namespace {

const std::vector<method> both = {method::sequential, method::threads};
const cell_settings two_cores{.width = {}, .timeout_s = 10, .cores = 2, .descriptors = 1024};

workload pages() {
  workload w;
  w.name = "waiting";
  w.work = work_kind::fetch;
  w.items.assign(100, "http://h/");
  return w;
}

cell_result took(double wall, double cpu = 0.01, int threads = 1) {
  cell_result r;
  r.wall_s = wall;
  r.cpu_s = cpu;
  r.startup_s = 0.5;
  r.peak_kib = 1000;
  r.threads = threads;
  r.answers = "same";
  return r;
}

rounds_done rounds(std::vector<round_results> kept) {
  rounds_done done;
  done.wanted = static_cast<int>(kept.size());
  done.kept = std::move(kept);
  return done;
}

rounds_done three_good() {
  return rounds({{{method::sequential, took(2.0)}, {method::threads, took(0.10, 0.02, 65)}},
                 {{method::sequential, took(2.2)}, {method::threads, took(0.11, 0.02, 65)}},
                 {{method::sequential, took(2.1)}, {method::threads, took(0.10, 0.02, 64)}}});
}

}  // namespace

TEST(report, puts_the_rounds_of_a_method_into_one_row) {
  auto r = make_report(pages(), both, two_cores, three_good());
  ASSERT_EQ(r.rows.size(), 2u);
  EXPECT_EQ(r.items, 100u);
  EXPECT_DOUBLE_EQ(r.rows[0].wall.median, 2.1);
  EXPECT_EQ(r.rows[0].width, 1u);
  EXPECT_EQ(r.rows[1].width, 64u);
  EXPECT_EQ(r.rows[1].threads, 65);
  EXPECT_DOUBLE_EQ(r.rows[1].startup_s, 0.5);
  EXPECT_DOUBLE_EQ(r.rows[1].speedup->median, 20);
  EXPECT_NEAR(r.rows[1].speedup->most, 21, 1e-9);
  EXPECT_GT(r.rows[1].lines, 0);
  EXPECT_FALSE(r.anything_failed());
  EXPECT_TRUE(r.verdict.starts_with("Threads pay (20x): sequential waits")) << r.verdict;
}

TEST(report, without_sequential_there_is_no_speed_up_and_no_verdict) {
  auto r =
      make_report(pages(), {method::threads}, two_cores, rounds({{{method::threads, took(0.1)}}}));
  EXPECT_FALSE(r.rows[0].speedup);
  EXPECT_TRUE(r.verdict.starts_with("No verdict: sequential was not among the methods"));
}

TEST(report, a_broken_cell_leaves_its_row_without_figures) {
  auto done = three_good();
  done.kept[1].at(method::threads).problem = "exit 1";
  auto r = make_report(pages(), both, two_cores, done);
  EXPECT_FALSE(r.rows[1].measured);
  EXPECT_EQ(r.rows[1].problem, "exit 1");
  EXPECT_TRUE(r.rows[0].measured);
  EXPECT_TRUE(r.anything_failed());
  EXPECT_TRUE(r.anything_measured());
}

TEST(report, failures_are_told_once_and_counted_in_the_worst_round) {
  auto done = three_good();
  for (auto& round : done.kept) {
    round.at(method::threads).failed = 2;
    round.at(method::threads).failures = {{"http://h/", "timed out"}, {"http://h/", "timed out"}};
  }
  done.kept[2].at(method::threads).failed = 3;
  auto r = make_report(pages(), both, two_cores, done);
  EXPECT_EQ(r.rows[1].failed, 3u);
  EXPECT_EQ(r.rows[1].failures.size(), 1u);
  EXPECT_TRUE(r.anything_failed());
  EXPECT_NE(r.verdict.find("threads not judged, 3 of 100 items failed"), std::string::npos);
}

TEST(report, different_answers_to_the_same_work_are_a_failure) {
  auto done = three_good();
  done.kept[0].at(method::threads).answers = "another";
  auto r = make_report(pages(), both, two_cores, done);
  EXPECT_TRUE(r.answers_differ);
  EXPECT_TRUE(r.anything_failed());
  EXPECT_EQ(r.verdict, "No verdict: the methods found different answers to the same work.");
  auto own = pages();
  own.same_answers = false;  // a page of somebody's server may change
  EXPECT_FALSE(make_report(own, both, two_cores, done).anything_failed());
}

TEST(report, a_method_that_ran_on_fewer_items_is_marked_and_compared_with_its_like) {
  auto done = three_good();
  for (auto& round : done.kept) {
    round.at(method::sequential).items = 20;
    round.at(method::sequential).answers = "of the first twenty";
    round.at(method::threads).items = 100;
  }
  auto r = make_report(pages(), both, two_cores, done);
  EXPECT_TRUE(r.rows[0].scaled);
  EXPECT_EQ(r.rows[0].items, 20u);
  EXPECT_FALSE(r.rows[1].scaled);
  EXPECT_FALSE(r.answers_differ);
  done.kept[1].at(method::sequential).answers = "others";
  EXPECT_TRUE(make_report(pages(), both, two_cores, done).answers_differ);
}

TEST(report, an_interrupted_run_has_figures_but_no_verdict) {
  auto done = three_good();
  done.interrupted = true;
  done.wanted = 5;
  auto r = make_report(pages(), both, two_cores, done);
  EXPECT_TRUE(r.rows[1].measured);
  EXPECT_EQ(r.verdict, "No verdict: interrupted.");
}

TEST(report, a_busy_machine_gets_figures_but_no_verdict) {
  auto done = three_good();
  done.discarded = done.kept;
  done.kept.clear();
  auto r = make_report(pages(), both, two_cores, done);
  EXPECT_TRUE(r.busy);
  EXPECT_TRUE(r.rows[1].measured);
  EXPECT_TRUE(r.verdict.starts_with("No verdict: other work held the cores in 3 of 3 rounds"));
}
