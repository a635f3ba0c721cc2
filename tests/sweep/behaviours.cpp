// behaviour_sweep [NAME] [--most K] [--json FILE]: every behaviour of tests/behaviours, cut at its
// k-th wait for every k; NAME: only those in whose name it occurs; K: only the first K waits.
//
// What is cut is the outermost scope of whoever waits: cancelled, or its deadline has come. Each
// cut is tried in a process of its own. What the behaviour says of itself then fails, of course;
// asked is that it ends, by no signal, and that a second and a third time leave nothing behind.

#include "balance.hpp"
#include "cut.hpp"

#include "core/home.hpp"

#include <kettle/base/seam.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace kettle::sweep {
namespace {

constexpr way ways[] = {way::cancel_before, way::cancel_in, way::deadline_before, way::deadline_in};
constexpr unsigned longest_s = 20;
// To its end, for what is made on first use; cut, for what failing tests keep; then twice more.
constexpr int rounds = 4;

constexpr const char* left_out[] = {
    // It ends when the loop has counted a long standstill: that takes longer than all the others.
    "b87_who_is_always_ready_meets_its_deadline",
    // Cut, nobody is left who drops the shield: that deadlock ends the process, as it should.
    "b03_dropping_a_shield_ends_a_wait_that_is_under_way",
};

bool is_left_out(const std::string& name) {
  return std::any_of(std::begin(left_out), std::end(left_out),
                     [&](const char* one) { return name.find(one) != name.npos; });
}

// What the process of one cut tells.
struct outcome_of_cut {
  int waits = 0;  // that could be cut, in the last round
  bool made = false;
  bool leaks = false;
};

struct place_of_cut {
  way how;
  int at;
};

class one_cut {
 public:
  static inline place_of_cut where{};
  static inline std::atomic<int> waits{0};
  static inline std::atomic<bool> armed{false}, made{false};

  static void meet_wait(const char*, bool parks) noexcept {
    bool before = where.how == way::cancel_before || where.how == way::deadline_before;
    context* c = tls.current;
    if (!armed.load() || parks == before || !c || !c->scope_) return;
    if (waits.fetch_add(1) + 1 != where.at) return;
    cancel_scope* outermost = c->scope_;
    while (outermost->parent()) outermost = outermost->parent();
    made = true;
    switch (where.how) {
      case way::deadline_before: return outermost->deadline(clock::now());
      case way::deadline_in: return outermost->deadline(after(clock::now(), duration(1)));
      default: return outermost->cancel("the cut");
    }
  }
};

class round_watch : public ::testing::EmptyTestEventListener {
 public:
  void OnTestIterationStart(const ::testing::UnitTest&, int round) override {
    one_cut::waits = 0;
    one_cut::made = false;
    one_cut::armed = round > 0;
  }
  void OnTestIterationEnd(const ::testing::UnitTest&, int round) override {
    one_cut::armed = false;
    blocks_.at(std::size_t(round)) = blocks_alive();
  }
  bool grew_each_time() const { return blocks_[1] < blocks_[2] && blocks_[2] < blocks_[3]; }

 private:
  std::array<long, rounds> blocks_{};
};

[[noreturn]] void run_cut(const std::string& name, place_of_cut where, int tell) {
  ::alarm(longest_s);
  if (!std::freopen("/dev/null", "w", stdout)) std::_Exit(3);
  GTEST_FLAG_SET(filter, name);
  GTEST_FLAG_SET(repeat, rounds);
  GTEST_FLAG_SET(catch_exceptions, true);
  auto* watch = new round_watch;  // GoogleTest's
  ::testing::UnitTest::GetInstance()->listeners().Append(watch);
  one_cut::where = where;
  detail::seam::watch_waits(one_cut::meet_wait);
  [[maybe_unused]] int failed = RUN_ALL_TESTS();  // they are meant to
  outcome_of_cut o{one_cut::waits, one_cut::made, watch->grew_each_time()};
  bool told = ::write(tell, &o, sizeof o) == sizeof o;
  std::_Exit(told ? 0 : 3);
}

// Empty: nothing is wrong with it.
std::string fault_of(const std::string& name, place_of_cut where, outcome_of_cut& o) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  std::fflush(stdout);
  pid_t child = ::fork();
  if (child == 0) run_cut(name, where, ends[1]);
  ::close(ends[1]);
  bool told = ::read(ends[0], &o, sizeof o) == sizeof o;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    return WTERMSIG(status) == SIGALRM ? "hangs"
                                       : "dies by signal " + std::to_string(WTERMSIG(status));
  if (!told) return "ends with status " + std::to_string(WEXITSTATUS(status));
  return o.leaks ? "leaves blocks behind" : "";
}

struct row {
  std::string test;
  way how;
  int waits = 0, runs = 0, faults = 0;
};

row sweep(const std::string& name, way how, int most) {
  row r{name, how};
  for (int k = 1; k <= most; k++) {
    outcome_of_cut o;
    std::string fault = fault_of(name, {how, k}, o);
    r.runs++;
    if (!fault.empty()) {
      r.faults++;
      std::printf("    %s, %s, wait %d: %s\n", name.c_str(), name_of(how), k, fault.c_str());
    }
    if (o.waits < k && fault.empty()) break;
    r.waits = k;
  }
  return r;
}

nlohmann::json as_json(const row& r) {
  return {{"sweep", "behaviours"}, {"body", r.test},   {"place", "as the behaviour says"},
          {"way", name_of(r.how)}, {"waits", r.waits}, {"runs", r.runs},
          {"faults", r.faults}};
}

std::vector<std::string> behaviours_with(const std::string& part) {
  std::vector<std::string> names;
  auto& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); i++) {
    auto& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); j++) {
      std::string name = std::string(suite.name()) + "." + suite.GetTestInfo(j)->name();
      if (name.find(part) != std::string::npos && !is_left_out(name)) names.push_back(name);
    }
  }
  return names;
}

}  // namespace
}  // namespace kettle::sweep

int main(int argc, char** argv) {
  using namespace kettle::sweep;
  ::testing::InitGoogleTest(&argc, argv);
  std::string part;
  const char* json = nullptr;
  int most = 500;  // one that waits more often never ends
  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc)
      json = argv[++i];
    else if (std::strcmp(argv[i], "--most") == 0 && i + 1 < argc)
      most = std::atoi(argv[++i]);
    else
      part = argv[i];
  }
  auto rows = nlohmann::json::array();
  int runs = 0, faults = 0;
  for (const std::string& name : behaviours_with(part))
    for (way how : ways) {
      row r = sweep(name, how, most);
      std::printf("%-90s %-20s %4d waits %4d runs %3d faults\n", r.test.c_str(), name_of(how),
                  r.waits, r.runs, r.faults);
      std::fflush(stdout);
      rows.push_back(as_json(r));
      runs += r.runs, faults += r.faults;
    }
  std::printf("%zu rows, %d runs, %d faults\n", rows.size(), runs, faults);
  if (json) std::ofstream(json) << rows.dump(1) << "\n";
  if (rows.empty()) std::printf("there is no such behaviour\n");
  return faults == 0 && !rows.empty() ? 0 : 1;
}
