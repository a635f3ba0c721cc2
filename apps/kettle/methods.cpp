#include "methods.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <kettle/core/sleep.hpp>
#include <kettle/coro/forms.hpp>
#include <kettle/coro/map.hpp>
#include <kettle/coro/pool_call.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/fibers/fiber_pool.hpp>
#include <kettle/processes/process_pool.hpp>
#include <kettle/sync/latch.hpp>
#include <kettle/threads/thread_pool.hpp>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "client.hpp"
#include "client_plain.hpp"

namespace kettle::app {
namespace {

duration limit_of(const cell& c) {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(c.timeout_s));
}

std::string reason_of(const cell& c, const outcome<std::string>& o) {
  if (o.error_as<timeout_error>())
    return fmt::format("{} within {:g} s", c.work == work_kind::execute ? "not done" : "no answer",
                       c.timeout_s);
  return o.what();
}

using outcomes = std::vector<item_outcome>;

void keep(const cell& c, outcomes& all, outcome<std::string>& o) {
  auto& here = all[o.index];
  if (o)
    here.answer = std::move(*o);
  else
    here = {.answer = "", .why = reason_of(c, o), .failed = true};
}

// So that the time a pool takes to make its threads is seen apart from the work.
void make_all_threads(thread_pool& pool) {
  latch all_here(pool.width());
  std::vector<future<void>> each;
  each.reserve(pool.width());
  for (std::size_t i = 0; i < pool.width(); i++)
    each.push_back(pool.start([&] {
      all_here.count_down();
      all_here.wait().get();
    }));
  for (auto& one : each) one.get();
}

// Each of these is what one would write, and counts its lines; `ready` and `over` are the stop
// watch.

constexpr int sequential_begins = __LINE__;
void in_sequence(const cell& c, meter& watch, outcomes& out) {
  watch.ready();
  auto jobs = jobs_of(c);
  for (std::size_t i = 0; i < jobs.size(); i++) try {
      out[i].answer = do_job(jobs[i]);
    } catch (const std::exception& wrong) {
      out[i] = {.answer = "", .why = wrong.what(), .failed = true};
    }
  watch.over();
}
constexpr int sequential_lines = __LINE__ - sequential_begins - 1;

constexpr int threads_begins = __LINE__;
void in_threads(const cell& c, meter& watch, outcomes& out) {
  thread_pool pool({.workers = c.width});
  make_all_threads(pool);
  watch.ready();
  for (auto& done : pool.map(as_outcome, do_job, jobs_of(c))) keep(c, out, done);
  watch.over();
}
constexpr int threads_lines = __LINE__ - threads_begins - 1;

constexpr int processes_begins = __LINE__;
void in_processes(const cell& c, meter& watch, outcomes& out) {
  process_pool pool({.workers = c.width});
  fail_after(std::chrono::seconds(20), pool.warm_up()).get();
  watch.ready();
  for (auto& done : pool.map(as_outcome, do_job, jobs_of(c))) keep(c, out, done);
  watch.over();
}
constexpr int processes_lines = __LINE__ - processes_begins - 1;

// What the kernel calls the thread that asks.
std::string kernel_thread() { return std::filesystem::read_symlink("/proc/thread-self").string(); }

// Without the green runtime these would be threads of the kernel, and that is another method.
void expect_green_threads() {
  std::string here = kernel_thread(), there;
  std::thread([&] { there = kernel_thread(); }).join();
  if (here != there)
    throw std::runtime_error("the green runtime (libkettle_green.so) is not at work here");
}

constexpr int green_begins = __LINE__;
void in_green_threads(const cell& c, meter& watch, outcomes& out) {
  watch.ready();
  auto jobs = jobs_of(c);
  std::counting_semaphore<> free(static_cast<std::ptrdiff_t>(c.width));
  std::vector<std::thread> threads(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); i++) {
    free.acquire();
    threads[i] = std::thread([&, i] {
      try {
        out[i].answer = do_job(jobs[i]);
      } catch (const std::exception& wrong) {
        out[i] = {.answer = "", .why = wrong.what(), .failed = true};
      }
      free.release();
    });
  }
  for (auto& one : threads) one.join();
  watch.over();
}
constexpr int green_lines = __LINE__ - green_begins - 1;

}  // namespace

// Not in the unnamed namespace: g++ 12 would warn of its type in a coroutine of kettle's headers.
constexpr int coroutines_begins = __LINE__;
struct one_later {
  const cell& c;
  task<std::string> operator()(const std::string& item) const {
    return fail_after(limit_of(c), do_item_later(c, item));
  }
};
task<> in_coroutines(nursery& n, const cell& c, meter& watch, outcomes& out) {
  watch.ready();
  auto all = n.map(as_outcome, one_later{c}, c.items, {.at_once = c.width});
  while (auto done = co_await all.next()) keep(c, out, *done);
  watch.over();
}
constexpr int coroutines_lines = __LINE__ - coroutines_begins - 1;

namespace {

constexpr int fibers_begins = __LINE__;
void in_fibers(const cell& c, meter& watch, outcomes& out) {
  fiber_pool pool({.at_once = c.width});
  watch.ready();
  auto one = [&](const std::string& item) {
    return fail_after(limit_of(c), [&] { return do_item(c, item); }).get();
  };
  for (auto& done : pool.map(as_outcome, one, c.items)) keep(c, out, done);
  watch.over();
}
constexpr int fibers_lines = __LINE__ - fibers_begins - 1;

}  // namespace

std::vector<item_outcome> run_items(const cell& c, meter& watch) {
  outcomes out(c.items.size());
  switch (c.how) {
    case method::sequential: in_sequence(c, watch, out); break;
    case method::threads: in_threads(c, watch, out); break;
    case method::processes: in_processes(c, watch, out); break;
    case method::coroutines:
      run(in_coroutines, std::cref(c), std::ref(watch), std::ref(out));
      break;
    case method::fibers: in_fibers(c, watch, out); break;
    case method::green:
      expect_green_threads();
      in_green_threads(c, watch, out);
      break;
  }
  return out;
}

int most_programs_at_once() { return running_program::most_at_once(); }

int lines_of_code(method how, work_kind work) {
  constexpr int watching = 2;  // the calls of the stop watch are not part of it
  switch (how) {
    case method::sequential: return sequential_lines - watching + lines_of_plain_client(work);
    case method::threads: return threads_lines - watching - 1 + lines_of_plain_client(work);
    case method::processes: return processes_lines - watching - 1 + lines_of_plain_client(work);
    case method::coroutines: return coroutines_lines - watching + lines_of_coroutine_client(work);
    case method::fibers: return fibers_lines - watching + lines_of_client(work);
    case method::green: return green_lines - watching + lines_of_plain_client(work);
  }
  return 0;
}

}  // namespace kettle::app
