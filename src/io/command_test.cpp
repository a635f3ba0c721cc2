#include <kettle/io/command.hpp>

#include "io/io_rig.hpp"
#include "sys/pidfd.hpp"

#include <csignal>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

class commands : public every_backend {
 protected:
  void TearDown() override {
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left";
    EXPECT_EQ(errno, ECHILD);
  }
};
ON_REAL_BACKENDS(commands);

TEST_P(commands, tell_how_they_ended) {
  in_run([]() -> task<> {
    EXPECT_TRUE((co_await command("true").run()).ok());
    exit_status three = co_await command("sh", "-c", "exit 3").run();
    EXPECT_EQ(three.code, 3);
    EXPECT_EQ(three.text(), "exit status 3");
    exit_status killed = co_await command("sh", "-c", "kill -9 $$").run();
    EXPECT_EQ(killed.signal, SIGKILL);
    EXPECT_EQ(killed.text(), "killed by signal 9 (Killed)");
  });
}

TEST_P(commands, both_outputs_are_captured) {
  in_run([]() -> task<> {
    captured c = co_await command("sh", "-c", "echo out; echo err >&2; exit 1").capture();
    EXPECT_EQ(c.status.code, 1);
    EXPECT_EQ(c.out, "out\n");
    EXPECT_EQ(c.err, "err\n");
  });
}

TEST_P(commands, much_goes_in_and_out_without_a_deadlock) {
  in_run([]() -> task<> {
    std::string much(1 << 20, 'x');
    captured c = co_await command("cat").input(much).capture();
    EXPECT_EQ(c.out.size(), much.size());
    captured few =
        co_await command("head", "-c", "3").input(much).capture();  // does not want it all
    EXPECT_EQ(few.out, "xxx");
    captured none = co_await command("cat").capture();
    EXPECT_EQ(none.out, "");
  });
}

TEST_P(commands, environment_and_directory_can_be_given) {
  in_run([]() -> task<> {
    captured c = co_await command("sh", "-c", "echo $TEA; echo $HOME; pwd")
                     .env("TEA", "green")
                     .env("HOME", "/nowhere")
                     .directory("/usr")
                     .capture();
    EXPECT_EQ(c.out, "green\n/nowhere\n/usr\n");
  });
}

TEST_P(commands, a_bad_program_or_directory_is_an_error_and_leaves_no_zombie) {
  in_run([]() -> task<> {
    auto program = co_await as_outcome(command("/no/such/program").run());
    EXPECT_EQ(program.what(), "start /no/such/program: No such file or directory");
    auto directory = co_await as_outcome(command("true").directory("/no/such").run());
    EXPECT_EQ(directory.what(), "start true in /no/such: No such file or directory");
    EXPECT_THROW(command(std::vector<std::string>{}), usage_error);
  });
}

TEST_P(commands, what_the_system_would_cut_is_refused) {
  using namespace std::string_literals;
  std::string cut = "one\0two"s;
  EXPECT_THROW((void)command("printf", cut), usage_error);
  EXPECT_THROW((void)command{cut}, usage_error);
  EXPECT_THROW(command(std::vector<std::string>{"printf", cut}), usage_error);
  command c("true");
  EXPECT_THROW(c.env("A", cut), usage_error);
  EXPECT_THROW(c.env(cut, "a"), usage_error);
  EXPECT_THROW(c.env("A=B", "c"), usage_error);
  EXPECT_THROW(c.env("", "c"), usage_error);
  EXPECT_THROW(c.directory("/tmp\0/x"s), usage_error);
  in_run([&]() -> task<> {
    auto input = co_await command("cat").input(cut).env("A", "b=c").capture();  // bytes
    EXPECT_EQ(input.out, cut);
  });
}

TEST_P(commands, no_other_descriptor_reaches_the_program) {
  in_run([]() -> task<> {
    int open_here = ::dup(2);  // without close-on-exec
    captured c = co_await command("sh", "-c", "ls /proc/self/fd | wc -l").capture();
    EXPECT_EQ(std::stoi(c.out), 4);  // 0, 1, 2 and the one ls reads the directory by
    ::close(open_here);
  });
}

TEST_P(commands, cancelling_asks_first) {
  in_run([]() -> task<> {
    auto began = clock::now();
    auto none = co_await move_on_after(50ms, command("sleep", "60").run());
    EXPECT_FALSE(none);
    EXPECT_LT(clock::now() - began, 2s);
  });
}

TEST_P(commands, who_does_not_listen_is_killed_after_the_grace) {
  in_run([]() -> task<> {
    auto began = clock::now();
    auto deaf = command("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done");
    EXPECT_FALSE(co_await move_on_after(100ms, deaf.grace(200ms).run()));
    EXPECT_GE(clock::now() - began, 300ms);
    EXPECT_LT(clock::now() - began, 3s);
  });
}

TEST_P(commands, the_whole_group_is_ended) {
  in_run([]() -> task<> {
    const std::string sleeper = "sleep 600." + std::to_string(::getpid());  // nobody else's
    auto o = co_await move_on_after(300ms, command("sh", "-c", sleeper + " & wait").capture());
    EXPECT_FALSE(o);
    // Nobody sleeps so any more (a zombie of a machine without an init counts as ended).
    captured left = co_await command("sh", "-c",
                                     "ps -eo stat,args 2>/dev/null | grep -v grep | grep -v ^Z | "
                                     "grep -c '" +
                                         sleeper + "'")
                        .capture();
    EXPECT_EQ(left.out, "0\n");
  });
}

// As in a container whose first process reaps nobody: here the orphans are the test's.
TEST_P(commands, a_group_of_which_only_the_unreaped_are_left_has_ended) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  in_run([]() -> task<> {
    auto began = clock::now();
    auto shell = command("sh", "-c", "sleep 60 & sleep 60 & wait");
    EXPECT_FALSE(co_await move_on_after(50ms, shell.grace(60s).run()));
    EXPECT_LT(clock::now() - began, 30s);
  });
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  while (::waitpid(-1, nullptr, 0) > 0) {}
}

class reaped_by_others : public commands {
 protected:
  static bool kernel_keeps_the_status() {  // since 6.15
    pid_t pid = ::fork();
    if (pid == 0) ::_exit(7);
    sys::unique_fd child = sys::pidfd_open(pid);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    sys::exit_state how;
    return sys::pidfd_reap(child.get(), how) == 1;
  }
  void check(bool kernel) {
    int told = 0;
    in_run([&]() -> task<> {
      for (int i = 0; i < 20; i++) {
        auto three = co_await as_outcome(command("sh", "-c", "exit 3").run());
        if (three)
          EXPECT_EQ(three->text(), "exit status 3");
        else
          EXPECT_NE(three.what().find("SIGCHLD is ignored"), std::string::npos) << three.what();
        told += three ? 1 : 0;
        auto killed = co_await as_outcome(command("sh", "-c", "kill -9 $$").capture());
        if (killed)
          EXPECT_EQ(killed->status.signal, SIGKILL);
        else
          EXPECT_NE(killed.what().find("SIGCHLD is ignored"), std::string::npos) << killed.what();
      }
      EXPECT_FALSE(co_await move_on_after(20ms, command("sleep", "60").run()));
    });
    EXPECT_TRUE(told > 0 || !kernel) << "this kernel knows how they ended";
  }
};
ON_REAL_BACKENDS(reaped_by_others);

TEST_P(reaped_by_others, the_status_is_true_or_said_to_be_lost_where_sigchld_is_ignored) {
  bool kernel = kernel_keeps_the_status();
  auto former = ::signal(SIGCHLD, SIG_IGN);
  check(kernel);
  ::signal(SIGCHLD, former);
}

TEST_P(reaped_by_others, the_status_is_true_or_said_to_be_lost_where_a_handler_reaps) {
  bool kernel = kernel_keeps_the_status();
  auto former = ::signal(SIGCHLD, [](int) {
    int saved = errno;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
    errno = saved;
  });
  check(kernel);
  ::signal(SIGCHLD, former);
}

TEST_P(commands, an_output_over_the_limit_ends_it) {
  in_run([]() -> task<> {
    auto o = co_await as_outcome(command("yes").capture_limit(100'000).capture());
    EXPECT_TRUE(o.error_as<limit_overrun>()) << o.what();
  });
}

TEST_P(commands, two_hundred_races_of_start_and_kill_leak_nothing) {
  in_run([]() -> task<> {
    co_await command("true").run();  // whatever is made once is made now
    int before = open_descriptors();
    for (int i = 0; i < 200; i++) {
      auto ignored = co_await move_on_after(std::chrono::microseconds(i * 10),
                                            command("sleep", "1").capture());
      EXPECT_FALSE(ignored);
    }
    EXPECT_EQ(open_descriptors(), before);
  });
}

TEST_P(commands, work_from_a_plain_thread) {
  EXPECT_EQ(command("echo", "hi").capture().get().out, "hi\n");
}

}  // namespace
}  // namespace kettle
