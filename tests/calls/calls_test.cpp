// Each call of the system that the library makes, in turn, with each error that can happen to it:
// what was asked for is done all the same, or an exception says what was wrong; nothing that was
// said to be done is lost, nothing stays open, nothing hangs, and afterwards all works.
//
// The first call of each body fails; with KETTLE_SWEEP=full the k-th, for the first five k and the
// last.
// With io_uring most of a body's calls are made by the kernel, out of the ring, and cannot be made
// to fail from here: what is swept are the ring's own three, and what is tried before the ring.

#include "bodies.hpp"
#include "known.hpp"
#include "row.hpp"

#include "loop/backend_uring.hpp"
#include "sys/outsiders.hpp"

#include <kettle/kettle.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <sched.h>

namespace kettle::tests {
namespace {

constexpr std::uint32_t first_ones = 5;

bool is_short() {
  const char* how = std::getenv("KETTLE_SWEEP");
  return !how || std::strcmp(how, "full") != 0;
}

std::vector<std::uint32_t> places_of(std::uint32_t calls) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t k = 1; k <= std::min(calls, is_short() ? 1 : first_ones); k++)
    all.push_back(k);
  if (!is_short() && calls > first_ones) all.push_back(calls);
  return all;
}

std::vector<int> errors_of(const call_errors& c) {
  std::vector<int> all;
  auto add = [&](auto& some) {
    for (int e : some)
      if (e != 0) all.push_back(e);
  };
  add(c.told), add(c.absorbed), add(c.kept);
  return all;
}

void count(sweep_row& row, const tried& t, bool known) {
  row.points++;
  row.absorbed += t.what == verdict::absorbed;
  row.reported += t.what == verdict::reported;
  row.known += t.what == verdict::fault && known;
  row.faults += t.what == verdict::fault && !known;
}

bool is_listed(const body& b, std::size_t call) {
  return (" " + std::string(b.calls) + " ").find(" " + std::string(call_table[call].name) + " ") !=
         std::string::npos;
}

constexpr const char* in_workers = "in workers";

void sweep_call(const body& b, const char* where, std::size_t call, std::uint32_t calls,
                std::set<const known_fault*>& shown) {
  bool children = where == in_workers;
  const char* backend = children ? "" : where;
  sweep_row row{.sweep = "calls",
                .body = b.name,
                .where = std::string(call_table[call].name) + (*where ? ", " : "") + where};
  for (int error : errors_of(call_table[call])) {
    if (is_impossible(b, call, error)) continue;
    row.errors++;
    for (std::uint32_t k : places_of(calls)) {
      tried t = try_point(b, backend, {call, error, k, children});
      if (t.what == verdict::not_met) continue;
      const known_fault* known = t.what == verdict::fault ? find_known(b, call, error) : nullptr;
      if (known) shown.insert(known);
      count(row, t, known);
      if (t.what == verdict::fault && !known) ADD_FAILURE() << t.text;
    }
  }
  if (row.points > 0) print_row(row);
  bool certain = where != in_workers && is_listed(b, call);
  EXPECT_GE(row.points, certain ? 1 : 0) << b.name << ": " << row.where;
}

void sweep(const body& b, const char* backend) {
  tried clean = try_point(b, backend, {});
  ASSERT_EQ(clean.what, verdict::absorbed) << b.name << ": " << clean.text;
  std::istringstream listed(b.calls);
  for (std::string name; listed >> name;) {
    ASSERT_NE(index_of(name), no_call) << name;
    EXPECT_GT(clean.calls[index_of(name)], 0) << b.name << " does not call " << name;
  }
  std::set<const known_fault*> shown;
  for (std::size_t call = 0; call < call_count; call++)
    if (clean.calls[call] > 0) sweep_call(b, backend, call, clean.calls[call], shown);
  for (const known_fault& k : known_faults)
    if (k.body == b.name && (k.at_first || !is_short())) {
      EXPECT_TRUE(shown.contains(&k)) << k.name << " does not show any more";
    }
}

// Of the processes that the body forks, after a look at what they call.
void sweep_workers(const body& b) {
  tried clean = try_point(b, "", {});
  ASSERT_EQ(clean.what, verdict::absorbed) << b.name << ": " << clean.text;
  tried looked = try_point(b, "", {.in_children = true});
  ASSERT_EQ(looked.what, verdict::absorbed) << b.name << ": " << looked.text;
  EXPECT_GT(looked.calls[index_of("fork")], 0);
  std::set<const known_fault*> shown;
  for (std::size_t call = 0; call < call_count; call++)
    if (looked.calls[call] > 0) sweep_call(b, in_workers, call, looked.calls[call], shown);
}

std::vector<const char*> backends_of(const body& b) {
  if (b.chooses_backend) return {""};
  if (uring_denied() != 0) return {"epoll"};
  return {"epoll", "io_uring"};
}

struct sweep_test : testing::Test {
  sweep_test(const body& b, const char* e) : what(b), backend(e) {}
  void TestBody() override { sweep(what, backend); }
  const body& what;
  const char* backend;
};

// One test for each body and back end, so that one that fails is named.
[[maybe_unused]] const bool registered = [] {
  for (const body& b : bodies())
    for (const char* backend : backends_of(b)) {
      std::string name = std::string(b.name) + (*backend ? " with " : "") + backend;
      std::replace(name.begin(), name.end(), ' ', '_');
      testing::RegisterTest("calls", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [&b, backend] { return new sweep_test(b, backend); });
    }
  return true;
}();

TEST(calls_in_workers, forked_processes) {
  for (const body& b : bodies())
    if (std::string_view(b.name) == "forked processes") return sweep_workers(b);
  FAIL() << "there is no such body";
}

std::atomic<bool> may_end{false};

int first_job() {
  while (!may_end) ::sched_yield();
  return 1;
}
int second_job() { return 2; }

void two_jobs() {
  int sum = run([](nursery& n) -> task<int> {
    auto one = n.start(on_thread, first_job), two = n.start(on_thread, second_job);
    co_return co_await one + co_await two;
  });
  if (sum != 3) throw lost("the result of a job");
}

// While the second thread is refused, the first one ends its job and lies down.
TEST(calls_in_order, a_job_without_a_thread_goes_to_the_one_that_became_idle) {
  body b{"two jobs", two_jobs, ""};
  may_end = true;
  tried clean = try_point(b, "", {});
  ASSERT_EQ(clean.what, verdict::absorbed) << clean.text;
  may_end = false;
  fault f{.call = index_of("pthread_create"), .error = EAGAIN, .at = 2};
  f.before = [] {
    may_end = true;
    while (sys::threads_at_rest.load(relaxed) == 0) ::sched_yield();
  };
  tried t = try_point(b, "", f);
  EXPECT_EQ(t.what, verdict::absorbed) << t.text;
}

TEST(call_table, each_is_made_by_some_body) {
  std::uint64_t made[call_count] = {};
  for (const body& b : bodies())
    for (const char* backend : backends_of(b)) {
      tried clean = try_point(b, backend, {});
      for (std::size_t i = 0; i < call_count; i++) made[i] += clean.calls[i];
    }
  for (std::size_t i = 0; i < call_count; i++)
    EXPECT_GT(made[i], 0) << "nobody calls " << call_table[i].name;
}

// What is called in src/sys, as the sources have it: the name in the table, of which some have
// several ("fcntl_copy"), or among those that cannot fail.
bool is_known_name(const std::string& name) {
  if (name.starts_with("posix_spawn_file_actions_") || name.starts_with("posix_spawnattr_"))
    return true;  // memory of this process only
  for (const call_errors& c : call_table)
    if (c.name == name || c.name.starts_with(name + "_")) return true;
  auto& safe = calls_without_errors;
  return std::find(std::begin(safe), std::end(safe), name) != std::end(safe);
}

bool is_of_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The names in "::name(" and "SYS_name".
std::vector<std::string> calls_in(const std::string& source) {
  std::vector<std::string> all;
  auto look_for = [&](std::string_view mark, auto fits) {
    for (std::size_t at = 0; (at = source.find(mark, at)) != source.npos; at++) {
      std::size_t begin = at + mark.size(), end = begin;
      while (end < source.size() && is_of_name(source[end])) end++;
      char before = at > 0 ? source[at - 1] : ' ', after = end < source.size() ? source[end] : ' ';
      if (end > begin && fits(before, after)) all.push_back(source.substr(begin, end - begin));
    }
  };
  look_for("::", [](char before, char after) {
    return !is_of_name(before) && before != '>' && after == '(';
  });
  look_for("SYS_", [](char before, char) { return !is_of_name(before); });
  return all;
}

TEST(call_table, has_all_that_src_sys_calls) {
  int found = 0;
  for (auto& file : std::filesystem::directory_iterator(KETTLE_SYS_FOLDER)) {
    std::string name = file.path().filename();
    if (name.find("_test.") != name.npos || name.starts_with("seccomp")) continue;
    std::ifstream in(file.path());
    std::stringstream text;
    text << in.rdbuf();
    for (const std::string& called : calls_in(text.str())) {
      found++;
      EXPECT_TRUE(is_known_name(called)) << name << " calls " << called;
    }
  }
  EXPECT_GT(found, 100);
}

}  // namespace
}  // namespace kettle::tests
