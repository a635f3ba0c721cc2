// Each way in which the program may end, with the back ends that there are.

#include "base/sanitized.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct ended {
  int code = -1, signal = 0;
  std::string said;
  bool operator==(const ended&) const = default;
};

void PrintTo(const ended& e, std::ostream* out) {
  *out << (e.signal ? "signal " : "code ") << (e.signal ? e.signal : e.code)
       << ", said: " << e.said;
}

ended run_program(const std::string& way, const std::string& backend) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, ends[1], 1);
  ::posix_spawn_file_actions_addclose(&files, ends[0]);
  std::string setting = "KETTLE_BACKEND=" + backend;
  std::vector<char*> environment{setting.data()};
  for (char** e = environ; *e; e++)
    if (std::string(*e).find("KETTLE_BACKEND=") != 0) environment.push_back(*e);
  environment.push_back(nullptr);
  std::string program = ENDS_PROGRAM, argument = way;
  char* argv[] = {program.data(), argument.data(), nullptr};
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, argv[0], &files, nullptr, argv, environment.data()), 0);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(ends[1]);
  ended e;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    e.said.append(buffer, std::size_t(n));
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  if (WIFSIGNALED(status))
    e.signal = WTERMSIG(status);
  else
    e.code = WEXITSTATUS(status);
  return e;
}

void expect(const std::string& way, const ended& wanted) {
  for (std::string backend : {"automatic", "epoll"})
    EXPECT_EQ(run_program(way, backend), wanted) << way << " on " << backend;
}

const ended status_3{3, 0, ""};
ended fine(std::string said) { return {0, 0, std::move(said)}; }

// The words and the code name of a test are one.
#define EXITS(way) \
  TEST(exit_gives_its_status, way) { expect(#way, status_3); }
#define SAYS(suite, way, ...) \
  TEST(suite, way) { expect(#way, fine(__VA_ARGS__)); }

EXITS(coroutine_with_io)
EXITS(body_with_io)
EXITS(nursery_outside_a_run)
EXITS(virtual_time)
EXITS(fiber_with_io)
EXITS(fiber_of_a_static_pool)
EXITS(coroutine_beside_a_static_fiber_pool)
EXITS(thread_in_a_run)
EXITS(thread_outside_a_run)
EXITS(cores_in_a_run)
EXITS(thread_of_a_static_pool)
EXITS(thread_of_a_static_pool_with_others_at_work)
EXITS(static_pool_with_tasks_that_wait)
EXITS(static_pool_with_a_task_that_computes)
EXITS(static_things_that_are_waited_for)
EXITS(static_sockets_that_are_waited_on)
EXITS(static_future_that_is_awaited)
EXITS(callback_of_a_loop)
EXITS(callback_of_a_pool)
EXITS(thread_of_the_program)
EXITS(with_processes_at_work)
EXITS(at_rest_with_all_services)

TEST(exit_gives_its_status, and_destructors_may_wait) {
  expect("destructors_that_wait_after_a_coroutine", {3, 0, "waited\n"});
  expect("destructors_that_wait_after_a_fiber", {3, 0, "waited\n"});
  expect("destructors_that_wait_after_a_thread", {3, 0, "waited\n"});
  expect("destructors_that_use_the_pool_of_the_exiting_thread", {3, 0, "ran\n"});
}

SAYS(late_use, thread_local_destructor, "all there\n")
SAYS(late_use, thread_local_destructor_of_a_thread_that_never_waited, "all there\n")
SAYS(late_use, thread_local_destructor_that_comes_first, "all there\n")
SAYS(late_use, thread_local_destructor_of_the_main_thread, "all there\n")
SAYS(late_use, key_destructor, "all there\nall there\n")
SAYS(late_use, static_destructor, "all there\n")
SAYS(late_use, static_destructor_of_what_was_made_late, "all there\n")
SAYS(late_use, static_destructor_of_a_program_that_never_waited, "all there\n")
SAYS(late_use, static_destructors_of_many, "all there\nall there\nall there\n")
SAYS(late_use, static_pool_with_a_user, "ran\n")
SAYS(late_use, many_threads, "ended\n")

SAYS(last_owner, pool_let_go_by_its_own_task, "cancelled as its pool is\n")
SAYS(last_owner, pool_let_go_by_the_end_of_its_task, "gone\n")
SAYS(last_owner, pool_let_go_in_a_coroutine_on_its_thread, "gone\n")
SAYS(last_owner, pool_let_go_in_a_callback, "gone\n")
SAYS(last_owner, fiber_pool_let_go_by_its_own_fiber, "gone\n")
SAYS(last_owner, fiber_pool_let_go_in_a_callback, "gone\n")
SAYS(last_owner, process_pool_let_go_in_a_callback, "gone\n")

SAYS(callback, wait_in_a_callback, "refused\nrefused\nrefused\nrefused\n")
SAYS(callback, wait_in_a_callback_of_a_process_pool, "refused\n")
SAYS(callback, wait_in_the_destructor_of_a_dropped_result, "refused\n")
SAYS(callback, wait_in_a_callback_of_a_thread_pool, "waited\n")

const std::string outer = "outer accept ended\n", inner = "inner run ended\n";
SAYS(run_within, run_in_a_run, outer + inner + outer + outer)
SAYS(run_within, run_in_a_nursery, outer + inner + outer + outer)
SAYS(run_within, run_in_a_run_in_a_run, outer + inner + outer + outer)
SAYS(run_within, run_on_a_thread_of_a_run, inner + outer)
SAYS(run_within, run_beside_a_fiber_of_a_pool, inner + outer + outer)
SAYS(run_within, run_that_begins_a_fiber_of_a_pool, inner + outer)
SAYS(run_within, run_that_waits_for_the_outer_ones_thread, "set\n")
SAYS(run_within, run_in_a_coroutine,
     "threw run: this is a coroutine of a running loop, which would stand still: await or start "
     "what you want to run\n")
SAYS(run_within, run_in_a_fiber,
     "threw run: this is a fiber of a running loop, which would stand still: await or start what "
     "you want to run\n")
SAYS(run_within, run_in_a_callback, "")
SAYS(run_within, run_with_another_clock_in_a_run,
     "threw run: virtual time cannot begin within a run or a nursery of real time\n")

TEST(run_within, run_with_another_back_end_in_a_run) {
  EXPECT_EQ(run_program("run_with_another_back_end_in_a_run", "automatic"),
            fine("the same\nthrew run: the loop around it works with epoll, which io_uring cannot "
                 "replace\n"));
}

TEST(run_within, a_run_that_is_stuck_is_the_outer_ones_deadlock) {
  ended e = run_program("run_in_a_run_that_is_stuck", "epoll");
  EXPECT_EQ(e.code, 0);
  EXPECT_EQ(e.said.find("threw deadlock"), 0u) << e.said;
}

const std::string left = "child: 7\n", works = "works\n";
SAYS(fork_after_use, fork_after_threads, left + works + left + works)
SAYS(fork_after_use, fork_after_a_run, left + works + left)
SAYS(fork_after_use, fork_after_processes, left + works + left + works)
SAYS(fork_after_use, fork_beside_static_pools,
     left + "refused\nrefused\nrefused\nrefused\n" + works + left + works)
SAYS(fork_after_use, fork_beside_a_pool_without_threads, works + left + works)
SAYS(fork_after_use, fork_in_a_coroutine, left + works + left + "child: 3\n")
SAYS(fork_after_use, fork_in_a_fiber, left + works + left)
SAYS(fork_after_use, fork_in_a_body, left + works + left)
SAYS(fork_after_use, fork_on_a_thread, left + works + left)
SAYS(fork_after_use, fork_and_return_from_the_run, works + left)
SAYS(fork_after_use, fork_and_fork_again, works + works + left + left)
SAYS(fork_after_use, fork_and_a_signal, "child: signal 15\nchild: signal 15\n")
SAYS(fork_after_use, fork_inherits_a_signal_handler_of_the_program, "the program's\n" + left)

void expect_refusal(const std::string& way, const std::string& before) {
  for (std::string backend : {"automatic", "epoll"}) {
    ended e = run_program(way, backend);
    EXPECT_EQ(e.code, 0) << e.said;
    EXPECT_EQ(e.said.find(before + "kettle: "), 0u) << e.said;
    for (auto part : {"a forked child goes on in what its parent runs", "child: signal 6\n"})
      EXPECT_NE(e.said.find(part), std::string::npos) << e.said;
  }
}

TEST(fork_after_use, going_on_in_the_parents_run_is_refused) {
  if (KETTLE_TSAN) GTEST_SKIP() << "TSan wants no work in the fork of a threaded process";
  expect_refusal("fork_and_go_on_in_the_run", "");
  expect_refusal("fork_and_go_on_in_a_fiber", "goes on until it ends\n");
  expect_refusal("fork_and_go_on_on_a_thread", "goes on until it ends\n");
}

}  // namespace
