#pragma once
// What a sweep found out, one line for a person and one for `./dev sweep --json`.
//
//   print_row({.sweep = "calls", .body = "files", .where = "read, epoll", .points = 12, ...});
//
// KETTLE_SWEEP_JSON names the file that the second one goes to.

#include <cstdio>
#include <cstdlib>
#include <string>

namespace kettle::tests {

struct sweep_row {
  std::string sweep, body, where;
  int points = 0;    // tried, of which
  int absorbed = 0;  // the body did all it should,
  int reported = 0;  // an exception said what was wrong,
  int known = 0;     // a fault showed that is written down,
  int faults = 0;    // one that is not
  int errors = 0;    // different ones that were tried; 0: there is one only
};

inline void print_row(const sweep_row& r) {
  std::printf(
      "%-28s %-28s %2d errors %4d points: %4d absorbed, %4d reported, %d known, %d faults\n",
      r.body.c_str(), r.where.c_str(), r.errors, r.points, r.absorbed, r.reported, r.known,
      r.faults);
  const char* file = std::getenv("KETTLE_SWEEP_JSON");
  std::FILE* out = file ? std::fopen(file, "a") : nullptr;
  if (!out) return;
  std::fprintf(out,
               R"({"sweep": "%s", "body": "%s", "where": "%s", "errors": %d, "points": %d, )"
               R"("absorbed": %d, "reported": %d, "known": %d, "faults": %d})"
               "\n",
               r.sweep.c_str(), r.body.c_str(), r.where.c_str(), r.errors, r.points, r.absorbed,
               r.reported, r.known, r.faults);
  std::fclose(out);
}

}  // namespace kettle::tests
