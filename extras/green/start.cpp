#include "green/start.hpp"

#include "green/donor.hpp"
#include "green/engine.hpp"
#include "green/lot.hpp"
#include "green/memory.hpp"
#include "green/report.hpp"
#include "green/scheduler.hpp"

#include "sys/raw.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <pthread.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

bool begun = false;
bool runs = false;

bool is_wanted() noexcept {
  const char* said = std::getenv("KETTLE_GREEN");
  if (said && std::strcmp(said, "off") == 0) return false;
  if (said && std::strcmp(said, "on") == 0) return true;
  const char* preloaded = std::getenv("LD_PRELOAD");
  return preloaded && std::strstr(preloaded, "kettle_green");
}

// The self-test: two fibers and the main thread look at what only a thread of one's own has right.
thread_local int test_local = 17;

struct test_state {
  pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
  const char* wrong = nullptr;
  int steps = 0;

  void expect(bool right, const char* what) {
    if (!right && !wrong) wrong = what;
  }
};

void* test_fiber(void* argument) {
  auto& t = *static_cast<test_state*>(argument);
  int mine = ++t.steps;
  t.expect(test_local == 17, "thread-local variables are shared");
  test_local = mine;
  errno = 1000 + mine;
  // The main thread holds it.
  t.expect(::pthread_mutex_trylock(&t.recursive) == EBUSY, "a recursive mutex has two owners");
  yield();
  t.expect(errno == 1000 + mine, "errno is shared");
  t.expect(test_local == mine, "thread-local variables are shared");
  t.expect(::pthread_self() == reinterpret_cast<pthread_t>(self->control_block),
           "pthread_self() tells another thread");
  t.steps += 10;
  return nullptr;
}

const char* self_test() {
  test_state t;
  ::pthread_mutex_lock(&t.recursive);
  ::pthread_mutex_lock(&t.recursive);
  fiber* made[2] = {};
  for (fiber*& f : made) {
    f = take_fiber(default_size_class());
    if (!f) return "a thread's control block could not be had";
    if (!is_guarded({f->stack_low, f->stack_bytes})) return "stacks cannot be guarded";
    f->start = test_fiber;
    f->argument = &t;
    f->detached = true;
    here.alive++;
    make_ready(*f);
  }
  for (int turns = 0; t.steps < 22 && turns < 100; turns++) yield();
  t.expect(t.steps == 22, "fibers do not run");
  ::pthread_mutex_unlock(&t.recursive);
  t.expect(::pthread_mutex_unlock(&t.recursive) == 0, "a recursive mutex lost its owner");
  return t.wrong;
}

void in_forked_child() noexcept {
  if (!self || here.process == int(sys::raw_call(SYS_getpid))) return;
  runs = false;
  self = nullptr;
  here.main = nullptr;  // a handler must not ring the parent's bell
}

const char* start() noexcept {
  if (sys::raw_gettid() != int(sys::raw_call(SYS_getpid)))
    return "the first thread is made by another than main's";
  if (const char* lacking = donor_check()) return lacking;
  const char* backend = std::getenv("KETTLE_BACKEND");
  bool allow_ring = !backend || std::strcmp(backend, "epoll") != 0;
  if (engine_start(allow_ring) != 0) return "neither io_uring nor poll can be set up";
  here.main = adopt_this_thread();
  if (!here.main) return "there is no memory";
  here.current = here.main;
  here.carrier = sys::raw_gettid();
  here.process = int(sys::raw_call(SYS_getpid));
  watch_for_overflow();
  ::pthread_atfork(nullptr, nullptr, in_forked_child);
  const char* wrong = self_test();
  if (wrong) {
    here.main = nullptr;
    self = nullptr;
  }
  return wrong;
}

}  // namespace

unsigned default_size_class() noexcept {
  static unsigned chosen = size_classes;
  if (chosen == size_classes) {
    const char* kib = std::getenv("KETTLE_GREEN_STACK");
    chosen = kib ? size_class_of(std::strtoul(kib, nullptr, 10) * 1024 - 4096) : 0;
    if (chosen == size_classes) chosen = 0;
  }
  return chosen;
}

bool begin_fibers() noexcept {
  if (begun) return runs;
  begun = true;
  if (!is_wanted()) return false;
  const char* wrong = start();
  runs = !wrong;
  if (wrong) say("threads stay threads: ", wrong);
  if (runs && std::getenv("KETTLE_GREEN_VERBOSE"))
    say("threads are fibers of one kernel thread, waiting by ", engine_name());
  return runs;
}

}  // namespace kettle::inline KETTLE_ABI::green
