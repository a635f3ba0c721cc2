// cancel_sweep [NAME] [--most K] [--json FILE]: the sweep of cancellation; NAME: only bodies, or
// places, in whose name it occurs; K: only the first K waits of each. Prints a line for each body,
// place and way; fails if there is a fault.

#include "balance.hpp"
#include "sweep.hpp"

#include <kettle/base/error.hpp>
#include <kettle/base/freelist.hpp>
#include <kettle/base/thrown.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include <signal.h>
#include <unistd.h>

namespace kettle::sweep {

std::vector<entry>& entries() {
  static std::vector<entry> all;
  return all;
}

namespace {

thread_pool* pool_of_run = nullptr;

}  // namespace

thread_pool& pool() { return *pool_of_run; }

namespace {

constexpr unsigned longest_run_s = 20;
int most_waits = 2000;  // a body that has more never ends

struct row {
  const entry* of;
  way how;
  int waits = 0, runs = 0;
  std::vector<std::string> faults;
};

// What is being run, for the line that says where it died.
char now_running[256] = "nothing";

void say_where(int signal) {
  auto write_out = [](const char* text) { (void)!::write(2, text, std::strlen(text)); };
  write_out(signal == SIGALRM ? "\nhangs: " : "\ndied: ");
  write_out(now_running);
  write_out("\n");
  ::signal(signal, SIG_DFL);
  ::raise(signal == SIGALRM ? SIGABRT : signal);
}

// broken_resource: an example whose receivers are cut before its senders lets it go up.
bool is_own_error(const std::exception_ptr& e) {
  if (thrown_as<oops>(e) || thrown_as<broken_resource>(e)) return true;
  auto* group = thrown_as<error_group>(e);
  if (!group) return false;
  for (auto& one : group->errors())
    if (!is_own_error(one)) return false;
  return true;
}

struct one_run {
  bool cut = false;
  int waits = 0;
  std::vector<std::string> faults;
};

one_run run_once(const entry& e, way how, int k) {
  one_run r;
  cut at(how, k);
  books book;
  std::exception_ptr error;
  ::alarm(longest_run_s);
  {
    thread_pool own({.workers = 24});
    pool_of_run = &own;
    at.arm();
    try {
      e.run(at, book);
    } catch (...) {
      error = std::current_exception();
    }
    at.disarm();
  }
  check_cancelled();  // takes the mail of scopes that have ended
  ::alarm(0);
  r.cut = at.was_made();
  r.waits = at.waits();
  r.faults = book.faults();
  if (error && !is_own_error(error)) r.faults.push_back("threw " + describe(error));
  if (!error && !at.came_to_its_end()) r.faults.push_back("its end was not reached");
  if (!error && !r.cut && !at.has_finished()) r.faults.push_back("ended, though nobody cut it");
  if (at.was_late()) r.faults.push_back("went on after the cut: " + at.how_late());
  if (goods::alive != 0) r.faults.push_back("goods are left: " + std::to_string(goods::alive));
  goods::alive = 0;
  return r;
}

void collect(row& all, const one_run& r, int k) {
  all.runs++;
  for (auto& f : r.faults) all.faults.push_back("wait " + std::to_string(k) + ": " + f);
}

// The k-th wait, for every k.
row sweep(const entry& e, way how) {
  row all{&e, how, 0, 0, {}};
  std::snprintf(now_running, sizeof now_running, "%s, %s, %s, to its end", e.body, e.place,
                name_of(how));
  collect(all, run_once(e, how, 0), 0);  // whatever is made on first use is there from now on
  for (int k = 1; k <= most_waits; k++) {
    std::snprintf(now_running, sizeof now_running, "%s, %s, %s, wait %d", e.body, e.place,
                  name_of(how), k);
    long before = blocks_alive();
    one_run r = run_once(e, how, k);
    collect(all, r, k);
    // A fault has a text.
    if (long left = blocks_alive() - before; left > 0 && r.faults.empty())
      all.faults.push_back("wait " + std::to_string(k) +
                           ": blocks are left: " + std::to_string(left));
    if (!r.cut) break;
    all.waits = k;
  }
  // How many of them have to wait is a matter of who is faster.
  int least = how == way::cancel_before || how == way::deadline_before ? e.least : 1;
  if (all.waits < std::min(least, most_waits))
    all.faults.push_back("only so many waits: " + std::to_string(all.waits));
  return all;
}

struct totals {
  int rows = 0, runs = 0, faults = 0;
};

void print(const row& r) {
  std::printf("%-34s %-24s %-20s %4d waits %4d runs %3zu faults\n", r.of->body, r.of->place,
              name_of(r.how), r.waits, r.runs, r.faults.size());
  for (auto& f : r.faults) std::printf("    %s\n", f.c_str());
  std::fflush(stdout);
}

nlohmann::json as_json(const row& r) {
  return {{"sweep", "cancellation"},  {"body", r.of->body}, {"place", r.of->place},
          {"way", name_of(r.how)},    {"waits", r.waits},   {"runs", r.runs},
          {"faults", r.faults.size()}};
}

bool is_asked_for(const entry& e, const std::string& part) {
  return std::string(e.body).find(part) != std::string::npos ||
         std::string(e.place).find(part) != std::string::npos;
}

int sweep_all(const std::string& part, const char* json) {
  totals sum;
  auto rows = nlohmann::json::array();
  std::stable_sort(entries().begin(), entries().end(),
                   [](auto& a, auto& b) { return std::strcmp(a.body, b.body) < 0; });
  for (auto& e : entries()) {
    if (!is_asked_for(e, part)) continue;
    for (way how : all_ways) {
      row r = sweep(e, how);
      print(r);
      if (json) rows.push_back(as_json(r));
      sum.rows++, sum.runs += r.runs, sum.faults += int(r.faults.size());
    }
  }
  std::printf("%d rows, %d runs, %d faults\n", sum.rows, sum.runs, sum.faults);
  if (json) std::ofstream(json) << rows.dump(1) << "\n";
  if (sum.rows == 0) std::printf("there is no such body or place\n");
  return sum.rows > 0 && sum.faults == 0 ? 0 : 1;
}

struct wishes {
  std::string part;
  const char* json = nullptr;
};

wishes read_arguments(int argc, char** argv) {
  wishes w;
  for (int i = 1; i < argc; i++) {
    if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc)
      w.json = argv[++i];
    else if (std::strcmp(argv[i], "--most") == 0 && i + 1 < argc)
      most_waits = std::atoi(argv[++i]);
    else
      w.part = argv[i];
  }
  return w;
}

}  // namespace

int run_sweep(int argc, char** argv) {
  wishes w = read_arguments(argc, argv);
  for (int s : {SIGABRT, SIGALRM, SIGSEGV}) ::signal(s, say_where);
  close_freelist();  // every block comes from operator new
  return sweep_all(w.part, w.json);
}

}  // namespace kettle::sweep

int main(int argc, char** argv) { return kettle::sweep::run_sweep(argc, argv); }
