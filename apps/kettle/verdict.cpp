#include "verdict.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace kettle::app {
namespace {

using group = std::vector<method_figures>;

// Nobody changes a program for less, and a shared machine cannot tell less apart.
constexpr interval like_sequential = {0.95, 1.05};
constexpr double mostly = 0.8;

std::string times(double ratio) {
  return ratio < 10 ? fmt::format("{:.1f}x", ratio) : fmt::format("{:.0f}x", ratio);
}

std::string names(const group& some) {
  std::string out;
  for (std::size_t i = 0; i < some.size(); i++) {
    if (i > 0) out += i + 1 == some.size() ? " and " : ", ";
    out += name_of(some[i].how);
  }
  return out;
}

std::string speedups(const group& some) {
  std::string out;
  for (auto& m : some) out += (out.empty() ? "" : ", ") + times(m.speedup);
  return out;
}

// The methods, told apart as far as the figures tell them apart.
struct sorted {
  group best;    // faster than sequential, and no difference between them
  group faster;  // the others that are faster
  group alike;   // no difference from sequential
  group slower;
  group unjudged;  // more items failed than in sequence
};

sorted sort(const figures& f) {
  sorted out;
  for (auto& m : f.methods) {
    if (m.failures > f.sequential_failures)
      out.unjudged.push_back(m);
    else if (overlap(m.likely, like_sequential))
      out.alike.push_back(m);
    else if (m.likely.high < 1)
      out.slower.push_back(m);
    else
      out.faster.push_back(m);
  }
  if (out.faster.empty()) return out;
  std::ranges::sort(out.faster, [](auto& a, auto& b) {
    return a.speedup > b.speedup || (a.speedup == b.speedup && a.how < b.how);
  });
  auto top = out.faster.front().likely;
  std::erase_if(out.faster, [&](const method_figures& m) {
    if (!overlap(m.likely, top)) return false;
    out.best.push_back(m);
    return true;
  });
  return out;
}

double waiting(const figures& f) {
  if (f.sequential_wall_s <= 0) return 0;
  return std::clamp(1 - f.sequential_cpu_s / f.sequential_wall_s, 0.0, 1.0);
}

int percent(double share) { return static_cast<int>(std::lround(100 * share)); }

std::string shares(const figures& f) {
  double w = waiting(f);
  if (w >= mostly) return fmt::format("sequential waits {} % of its time", percent(w));
  if (w <= 1 - mostly) return fmt::format("sequential computes {} % of its time", 100 - percent(w));
  return fmt::format("sequential waits {} % and computes {} % of its time", percent(w),
                     100 - percent(w));
}

bool has_threads(const method_figures& m) { return m.threads > 1 && m.how != method::processes; }
bool has_processes(const method_figures& m) { return m.processes > 2; }  // more than one below it
bool is_parallel(const method_figures& m) { return has_threads(m) || has_processes(m); }

// What computes at the same time in these.
std::string workers(const group& some) {
  bool threads = std::ranges::any_of(some, has_threads);
  bool processes = std::ranges::any_of(some, has_processes);
  if (threads && processes) return "several threads or processes";
  return processes ? "several processes" : "several threads";
}

// Why the best ones are, as far as waiting, computing, threads, processes and cores explain it.
std::string reason(const figures& f, const sorted& s) {
  double w = waiting(f);
  bool several = std::ranges::any_of(s.best, is_parallel);
  bool all_several = std::ranges::all_of(s.best, is_parallel);
  if (w >= mostly) return "and those waits overlap";
  if (w <= 1 - mostly) {
    if (several && f.cores > 1)
      return fmt::format("and {} compute on {} cores at once", workers(s.best), f.cores);
    return several ? "and one core cannot do that faster: this gain has another cause"
                   : "and one thread cannot do that faster: this gain has another cause";
  }
  if (all_several && f.cores > 1)
    return fmt::format("and {} wait at the same time and compute on {} cores at once",
                       workers(s.best), f.cores);
  return "and the waits overlap";
}

std::string why_nothing_pays(const figures& f, const sorted& s) {
  double w = waiting(f);
  if (w <= 1 - mostly && f.cores <= 1) return ", and there is one core to compute on";
  if (w <= 1 - mostly && std::ranges::none_of(s.alike, is_parallel) &&
      std::ranges::none_of(s.slower, is_parallel))
    return ", and all of them compute in one thread";
  if (w >= mostly) return ", and yet those waits did not overlap";
  return "";
}

std::string one_thread(const group& some) {
  bool single = std::ranges::none_of(some, is_parallel);
  return single ? ", in one thread" : "";
}

std::string others(const figures& f, const sorted& s) {
  std::string out;
  if (!s.faster.empty()) out += fmt::format("; {} less ({})", names(s.faster), speedups(s.faster));
  if (!s.alike.empty() && !s.best.empty())
    out += fmt::format("; {}: no difference from sequential{}", names(s.alike),
                       waiting(f) < mostly ? one_thread(s.alike) : "");
  if (!s.slower.empty())
    out += fmt::format("; {} slower than sequential ({})", names(s.slower), speedups(s.slower));
  for (auto& m : s.unjudged)
    out += fmt::format("; {} not judged, {} of {} items failed", name_of(m.how), m.failures,
                       m.items > 0 ? m.items : f.items);
  return out;
}

// What processes are for in C++: threads compute in parallel too, so seldom speed.
std::string about_processes(const figures& f) {
  auto judged = [&](method how) -> const method_figures* {
    auto found = std::ranges::find(f.methods, how, &method_figures::how);
    return found == f.methods.end() || found->failures > f.sequential_failures ? nullptr : &*found;
  };
  auto* processes = judged(method::processes);
  auto* threads = judged(method::threads);
  if (!processes) return "";
  interval others = threads ? threads->likely : like_sequential;
  if (processes->likely.low > others.high)
    return "; processes also keep a crash, a kill, a memory limit or an unsafe library to one task";
  return "; take processes not for speed but where a task may crash, must be killed, needs a "
         "memory "
         "limit or calls a library that is unsafe in threads";
}

std::string without_sequential(const figures& f) {
  if (f.methods.empty()) return "No verdict: nothing was measured.";
  return "No verdict: sequential was not among the methods, and it is what the others are compared "
         "with.";
}

}  // namespace

bool too_busy(const figures& f) { return 2 * f.rounds_kept < f.rounds_wanted; }

std::string verdict(const figures& f) {
  if (!f.has_sequential) return without_sequential(f);
  if (too_busy(f) && f.rounds_run >= f.rounds_wanted)
    return fmt::format(
        "No verdict: other work held the cores in {} of {} rounds; try again on a "
        "quieter machine.",
        f.rounds_run - f.rounds_kept, f.rounds_run);
  if (f.sequential_failures >= f.items && f.items > 0) return "No verdict: every item failed.";
  if (f.methods.empty())
    return fmt::format("No verdict: only sequential was measured; {}.", shares(f));

  auto s = sort(f);
  std::string out;
  if (!s.best.empty()) {
    bool most = !s.faster.empty();
    std::string apart = s.best.size() > 1 ? ", no difference between them" : "";
    out = fmt::format("{} pay{} ({}{}): {} {}", names(s.best), most ? " most" : "",
                      speedups(s.best), apart, shares(f), reason(f, s));
  } else if (!s.alike.empty()) {
    out = fmt::format("nothing pays: no difference between sequential and {}; {}{}", names(s.alike),
                      shares(f), why_nothing_pays(f, s));
  } else {
    out = fmt::format("nothing pays: sequential is the fastest; {}", shares(f));
  }
  out += others(f, s) + about_processes(f) + ".";
  out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

}  // namespace kettle::app
