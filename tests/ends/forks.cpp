// A forked child has the thread that forked it, and nothing of what its parent's other threads do.

#include "program.hpp"

#include <csignal>
#include <cstdlib>
#include <string>

#include <unistd.h>

using namespace kettle;
using namespace std::chrono_literals;
using ends::fork_and;
using ends::say;

namespace {

void just_exit() {}

void works() {
  int n = on_thread([] { return 1; }).get() + on_cores([] { return 2; }).get();
  n += run([](nursery& in) -> task<int> {
    auto l = co_await listen("tcp:127.0.0.1:0");
    in.start(as_service, [l = std::move(l)]() mutable -> task<> { auto s = co_await l.accept(); });
    co_await sleep_for(1ms);
    co_return co_await on_thread([] { return 3; });
  });
  say(n == 6 ? "works" : "?");
}

template <class F> void refused(F f) {
  try {
    f();
    say("?");
  } catch (const usage_error& e) {
    say(std::string_view(e.what()).find("forked") != std::string_view::npos ? "refused" : e.what());
  }
}

task<> accepts() {
  auto l = co_await listen("tcp:127.0.0.1:0");
  auto s = co_await l.accept();
  (void)s;
}

}  // namespace

WAY(fork_after_threads) {
  on_thread([] {}).get();
  on_cores([] {}).get();
  fork_and(just_exit);
  fork_and(works);
  works();
}

WAY(fork_after_a_run) {
  run([](nursery& n) -> task<> {
    n.start(on_thread, [] {});
    co_await sleep_for(1ms);
  });
  fork_and(just_exit);
  fork_and(works);
}

WAY(fork_after_processes) {
  on_process([] {}).get();
  fork_and(just_exit);
  fork_and([] { say(on_process([] { return 4; }).get() == 4 ? "works" : "?"); });
  say(on_process([] { return 4; }).get() == 4 ? "works" : "?");
}

WAY(fork_beside_static_pools) {
  static thread_pool threads({.workers = 2});
  static process_pool processes({.workers = 1});
  static fiber_pool fibers;
  for (int i = 0; i < 4; i++) threads.start([] { sleep_for(1h).get(); });
  threads.start([] {});
  auto f = processes.start([] {});
  fibers.start([] { sleep_for(1h).get(); });
  f.get();
  fork_and(just_exit);
  fork_and([] {
    refused([] { threads.start([] {}); });
    refused([] { processes.start([] {}); });
    refused([] { threads([] {}).get(); });
    refused([] { processes([] {}).get(); });
    threads.close(close_mode::drain).get();
    processes.close(close_mode::drain).get();
    works();
  });
  say(processes.start([] { return 1; }).get() == 1 ? "works" : "?");
}

// It has no thread yet that the parent could own.
WAY(fork_beside_a_pool_without_threads) {
  static thread_pool pool({.workers = 1});
  fork_and([] { say(pool.start([] { return 1; }).get() == 1 ? "works" : "?"); });
  say(pool.start([] { return 1; }).get() == 1 ? "works" : "?");
}

WAY(fork_in_a_coroutine) {
  run([](nursery& n) -> task<> {
    n.start(accepts);
    co_await on_thread([] {});
    co_await sleep_for(1ms);
    fork_and(just_exit);
    fork_and(works);
    fork_and([] { std::exit(3); });
    n.cancel();
  });
}

WAY(fork_in_a_fiber) {
  run([](nursery& n) {
    n.start(accepts);
    n.start(on_fiber, [&n] {
      sleep_for(1ms).get();
      fork_and(just_exit);
      fork_and(works);
      n.cancel();
    });
  });
}

WAY(fork_in_a_body) {
  run([](nursery& n) {
    n.start(accepts);
    on_thread([] {}).get();
    fork_and(just_exit);
    fork_and(works);
    n.cancel();
  });
}

WAY(fork_on_a_thread) {
  run([](nursery& n) {
    n.start(accepts);
    on_thread([] {
      sleep_for(1ms).get();
      fork_and(just_exit);
      fork_and(works);
    }).get();
    n.cancel();
  });
}

// The ordinary body of a run that has nothing else may return in the child.
WAY(fork_and_return_from_the_run) {
  pid_t child = -1;
  run([&](nursery&) {
    on_thread([] {}).get();
    child = ::fork();
  });
  if (child == 0) {
    works();
    std::exit(7);
  }
  ends::say_end_of(child);
}

WAY(fork_and_go_on_in_the_run) {
  run([](nursery& n) -> task<> {
    n.start(accepts);
    co_await sleep_for(1ms);
    pid_t child = ::fork();
    if (child == 0) {
      ::dup2(1, 2);
      co_await sleep_for(1ms);
      say("?");
    }
    ends::say_end_of(child);
    n.cancel();
  });
}

WAY(fork_and_go_on_in_a_fiber) {
  run([](nursery& n) {
    n.start(accepts);
    n.start(on_fiber, [] {
       sleep_for(1ms).get();
       pid_t child = ::fork();
       if (child == 0) {
         ::dup2(1, 2);
         sleep_for(1ms).get();
         say("goes on until it ends");
         return;
       }
       ends::say_end_of(child);
     }).get();
    n.cancel();
  });
}

WAY(fork_and_go_on_on_a_thread) {
  on_thread([] {
    pid_t child = ::fork();
    if (child == 0) {
      ::dup2(1, 2);
      sleep_for(1ms).get();
      say("goes on until it ends");
      return;
    }
    ends::say_end_of(child);
  }).get();
}

WAY(fork_and_fork_again) {
  on_thread([] {}).get();
  fork_and([] {
    works();
    fork_and(works);
  });
}

// The parent's run has SIGTERM, the child has its default action.
WAY(fork_and_a_signal) {
  run([](nursery& n) {
    n.start(accepts);
    fork_and([] { ::raise(SIGTERM); });
    fork_and([] {
      run([]() -> task<> {
        ::raise(SIGTERM);
        co_await sleep_for(1h);
      });
    });
    n.cancel();
  });
}

WAY(fork_inherits_a_signal_handler_of_the_program) {
  std::signal(SIGTERM, [](int) { say("the program's"); });
  run([](nursery&) { fork_and([] { ::raise(SIGTERM); }); });
}
