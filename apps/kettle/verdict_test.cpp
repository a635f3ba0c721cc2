#include "verdict.hpp"

#include <gtest/gtest.h>
#include <string>

using namespace kettle::app;

namespace {

figures waiting_work() {
  figures f;
  f.sequential_wall_s = 4.2;
  f.sequential_cpu_s = 0.042;
  f.cores = 2;
  f.items = 200;
  f.rounds_kept = f.rounds_run = f.rounds_wanted = 5;
  f.methods = {{method::threads, 45, {44, 46}, 65, 0},
               {method::coroutines, 160, {150, 170}, 1, 0},
               {method::fibers, 155, {148, 166}, 1, 0}};
  return f;
}

figures computing_work() {
  figures f = waiting_work();
  f.sequential_wall_s = 1.0;
  f.sequential_cpu_s = 0.99;
  f.methods = {{method::threads, 1.9, {1.8, 1.95}, 3, 0},
               {method::coroutines, 1.0, {0.98, 1.02}, 1, 0},
               {method::fibers, 0.99, {0.97, 1.01}, 1, 0}};
  return f;
}

bool says(const std::string& sentence, std::string_view part) {
  return sentence.find(part) != std::string::npos;
}

}  // namespace

TEST(verdict, waiting_pays_for_whoever_overlaps_the_waits_most) {
  EXPECT_EQ(verdict(waiting_work()),
            "Coroutines and fibers pay most (160x, 155x, no difference between them): sequential "
            "waits 99 % of its time and those waits overlap; threads less (45x).");
}

TEST(verdict, contrary_waiting_figures_get_the_contrary_sentence) {
  auto f = waiting_work();
  std::swap(f.methods[0].speedup, f.methods[1].speedup);
  std::swap(f.methods[0].likely, f.methods[1].likely);
  f.methods[2] = {method::fibers, 40, {30, 43}, 1, 0};
  EXPECT_EQ(verdict(f),
            "Threads pay most (160x): sequential waits 99 % of its time and those waits overlap; "
            "coroutines and fibers less (45x, 40x).");
}

TEST(verdict, waits_that_did_not_overlap_are_said_to_have_not) {
  auto f = waiting_work();
  for (auto& m : f.methods) m.speedup = 1, m.likely = {0.99, 1.01};
  EXPECT_EQ(verdict(f),
            "Nothing pays: no difference between sequential and threads, coroutines and fibers; "
            "sequential waits 99 % of its time, and yet those waits did not overlap.");
}

TEST(verdict, computing_pays_for_whoever_uses_several_cores) {
  EXPECT_EQ(verdict(computing_work()),
            "Threads pay (1.9x): sequential computes 99 % of its time and several threads compute "
            "on 2 cores at once; coroutines and fibers: no difference from sequential, in one "
            "thread.");
}

TEST(verdict, contrary_computing_figures_get_the_contrary_sentence) {
  auto f = computing_work();
  f.methods[0] = {method::threads, 0.7, {0.6, 0.8}, 3, 0};
  f.methods[1] = {method::coroutines, 2.5, {2.4, 2.6}, 1, 0};
  auto sentence = verdict(f);
  EXPECT_TRUE(says(sentence,
                   "Coroutines pay (2.5x): sequential computes 99 % of its time and one "
                   "thread cannot do that faster: this gain has another cause"))
      << sentence;
  EXPECT_TRUE(says(sentence, "threads slower than sequential (0.7x)")) << sentence;
  EXPECT_TRUE(says(sentence, "fibers: no difference from sequential")) << sentence;
}

TEST(verdict, on_one_core_computing_gains_nothing_and_the_core_is_the_reason) {
  auto f = computing_work();
  f.cores = 1;
  f.methods[0] = {method::threads, 1.0, {0.97, 1.02}, 2, 0};
  EXPECT_EQ(verdict(f),
            "Nothing pays: no difference between sequential and threads, coroutines and fibers; "
            "sequential computes 99 % of its time, and there is one core to compute on.");
}

TEST(verdict, mixed_work_names_both_shares) {
  auto f = waiting_work();
  f.sequential_wall_s = 3;
  f.sequential_cpu_s = 0.9;
  f.methods = {{method::threads, 6, {5.8, 6.2}, 65, 0},
               {method::coroutines, 3.2, {3.1, 3.3}, 1, 0},
               {method::fibers, 3.1, {3.0, 3.2}, 1, 0}};
  EXPECT_EQ(verdict(f),
            "Threads pay most (6.0x): sequential waits 70 % and computes 30 % of its time and "
            "several threads wait at the same time and compute on 2 cores at once; coroutines and "
            "fibers less (3.2x, 3.1x).");
  std::swap(f.methods[0].speedup, f.methods[1].speedup);
  std::swap(f.methods[0].likely, f.methods[1].likely);
  EXPECT_TRUE(says(verdict(f), "Coroutines pay most (6.0x)")) << verdict(f);
  EXPECT_TRUE(says(verdict(f), "and the waits overlap")) << verdict(f);
}

TEST(verdict, overlapping_intervals_read_no_difference) {
  auto f = waiting_work();
  f.methods[0].likely = {10, 200};
  EXPECT_TRUE(says(verdict(f),
                   "Coroutines, fibers and threads pay (160x, 155x, 45x, no "
                   "difference between them)"))
      << verdict(f);
}

TEST(verdict, less_than_five_percent_is_no_difference) {
  auto f = computing_work();
  f.methods = {{method::threads, 1.04, {1.03, 1.049}, 3, 0}};
  EXPECT_TRUE(says(verdict(f), "no difference between sequential and threads")) << verdict(f);
}

TEST(verdict, sequential_may_be_the_fastest) {
  auto f = computing_work();
  for (auto& m : f.methods) m.speedup = 0.5, m.likely = {0.4, 0.6};
  EXPECT_EQ(verdict(f),
            "Nothing pays: sequential is the fastest; sequential computes 99 % of its time; "
            "threads, coroutines and fibers slower than sequential (0.5x, 0.5x, 0.5x).");
}

TEST(verdict, who_failed_more_than_sequential_is_not_judged) {
  auto f = waiting_work();
  f.methods[1].failures = 7;
  auto sentence = verdict(f);
  EXPECT_TRUE(says(sentence, "Fibers pay most (155x)")) << sentence;
  EXPECT_TRUE(says(sentence, "coroutines not judged, 7 of 200 items failed")) << sentence;
}

TEST(verdict, nothing_is_said_when_every_item_failed) {
  auto f = waiting_work();
  f.sequential_failures = 200;
  EXPECT_EQ(verdict(f), "No verdict: every item failed.");
}

TEST(verdict, a_busy_machine_gets_no_verdict) {
  auto f = waiting_work();
  f.rounds_run = 15;
  f.rounds_kept = 2;
  EXPECT_EQ(verdict(f),
            "No verdict: other work held the cores in 13 of 15 rounds; try again on a "
            "quieter machine.");
  f.rounds_kept = 3;
  EXPECT_FALSE(says(verdict(f), "No verdict")) << verdict(f);
}

TEST(verdict, without_sequential_there_is_nothing_to_compare_with) {
  auto f = waiting_work();
  f.has_sequential = false;
  EXPECT_TRUE(says(verdict(f), "No verdict: sequential was not among the methods")) << verdict(f);
  f = waiting_work();
  f.methods.clear();
  EXPECT_EQ(verdict(f),
            "No verdict: only sequential was measured; sequential waits 99 % of its time.");
}

namespace {

method_figures in_processes(double speedup, interval likely) {
  method_figures m{method::processes, speedup, likely, 2, 0};
  m.processes = 4;
  return m;
}

}  // namespace

TEST(verdict, processes_that_gain_no_more_than_threads_are_for_other_things_than_speed) {
  auto f = computing_work();
  f.methods.insert(f.methods.begin() + 1, in_processes(1.85, {1.8, 1.9}));
  EXPECT_EQ(verdict(f),
            "Threads and processes pay (1.9x, 1.9x, no difference between them): sequential "
            "computes 99 % of its time and several threads or processes compute on 2 cores at "
            "once; coroutines and fibers: no difference from sequential, in one thread; take "
            "processes not for speed but where a task may crash, must be killed, needs a memory "
            "limit or calls a library that is unsafe in threads.");
}

TEST(verdict, processes_that_gain_more_than_threads_pay_and_the_rest_comes_with_them) {
  auto f = computing_work();
  f.methods[0] = {method::threads, 1.2, {1.15, 1.25}, 3, 0};
  f.methods.push_back(in_processes(1.9, {1.8, 1.95}));
  EXPECT_EQ(verdict(f),
            "Processes pay most (1.9x): sequential computes 99 % of its time and several processes "
            "compute on 2 cores at once; threads less (1.2x); coroutines and fibers: no difference "
            "from sequential, in one thread; processes also keep a crash, a kill, a memory limit "
            "or an unsafe library to one task.");
}

TEST(verdict, processes_slower_than_sequential_are_said_to_be_and_what_they_are_for) {
  auto f = computing_work();
  f.methods = {in_processes(0.5, {0.4, 0.6})};
  auto sentence = verdict(f);
  EXPECT_TRUE(says(sentence, "processes slower than sequential (0.5x)")) << sentence;
  EXPECT_TRUE(says(sentence, "take processes not for speed but where a task may crash"))
      << sentence;
}

TEST(verdict, says_nothing_of_processes_that_were_not_measured_or_not_judged) {
  EXPECT_FALSE(says(verdict(computing_work()), "processes"));
  auto f = computing_work();
  f.methods.push_back(in_processes(1.9, {1.8, 1.95}));
  f.methods.back().failures = 3;
  auto sentence = verdict(f);
  EXPECT_TRUE(says(sentence, "processes not judged, 3 of 200 items failed")) << sentence;
  EXPECT_FALSE(says(sentence, "crash")) << sentence;
}

TEST(verdict, never_speaks_of_an_interpreter_lock) {
  auto f = computing_work();
  f.methods.push_back(in_processes(1.9, {1.8, 1.95}));
  EXPECT_FALSE(says(verdict(f), "lock"));
  EXPECT_FALSE(says(verdict(f), "interpreter"));
}

TEST(verdict, programs_run_from_one_thread_compute_on_several_cores_all_the_same) {
  auto f = computing_work();
  f.methods = {{method::coroutines, 1.9, {1.8, 1.95}, 1, 0}};
  f.methods[0].processes = 65;
  EXPECT_TRUE(says(verdict(f), "several processes compute on 2 cores at once")) << verdict(f);
}

TEST(verdict, counts_failures_among_the_items_that_were_done) {
  auto f = waiting_work();
  f.items = 10'000;
  f.methods[0].failures = 7;
  f.methods[0].items = 200;
  EXPECT_TRUE(says(verdict(f), "threads not judged, 7 of 200 items failed")) << verdict(f);
}
