#include "testing/trace.hpp"

#include "testing/strategy.hpp"

#include <cstring>

#include <fmt/format.h>

namespace kettle::inline KETTLE_ABI::testing::detail {

using kettle::detail::seam::step;

namespace {

std::string value(std::uint64_t v) {
  return v < 1'000'000 ? fmt::to_string(v) : fmt::format("{:#x}", v);
}

std::string what(const trace_step& s, bool in_buffer) {
  if (in_buffer) return fmt::format("its delayed store of {} becomes visible", value(s.after));
  if (s.thread == the_clock) return fmt::format("the time is {} ns", s.after);
  switch (s.what) {
    case step::load: return fmt::format("reads {}", value(s.after));
    case step::store: return fmt::format("writes {}", value(s.after));
    case step::exchange: return fmt::format("exchanges {} for {}", value(s.before), value(s.after));
    case step::compare_exchange:
      return s.before == s.after
                 ? fmt::format("compares, finds {}", value(s.before))
                 : fmt::format("exchanges {} for {}", value(s.before), value(s.after));
    case step::fetch: return fmt::format("changes {} to {}", value(s.before), value(s.after));
    case step::lock: return "locks";
    case step::unlock: return "unlocks";
    case step::futex_wait:
      return s.before == s.after ? "goes to sleep"
                                 : fmt::format("does not sleep, finds {}", value(s.after));
    case step::futex_wake: return fmt::format("wakes {}", s.after);
    case step::begin: return fmt::format("starts thread {}", s.after);
    case step::end: return "ends";
    case step::join: return fmt::format("has joined thread {}", s.after);
    case step::relax: return "looks again";
    case step::variable_read: return "reads the variable";
    case step::variable_write: return "writes the variable";
    case step::choice: return fmt::format("is given {} of {}", s.after, s.before);
    case step::check: return "FAILS";
  }
  return "";
}

}  // namespace

std::string short_place(kettle::detail::seam::where at) {
  if (!at.line) return "its beginning";
  const char* from = at.file;
  int parts = 0;
  for (const char* p = at.file + std::strlen(at.file); p != at.file; p--)
    if (*p == '/' && ++parts == 2) {
      from = p + 1;
      break;
    }
  return fmt::format("{}:{}", from, at.line);
}

std::string trace::text() const {
  constexpr std::size_t shown = 8;  // of each end of a long run of one thread
  std::string out;
  for (std::size_t i = 0; i < steps_.size();) {
    std::size_t run = i;
    while (run < steps_.size() && steps_[run].thread == steps_[i].thread) run++;
    for (std::size_t k = i; k < run; k++) {
      if (k == i + shown && run > k + shown) {
        out += fmt::format("  {:16} ... {} more steps ...\n", "", run - shown - k);
        k = run - shown;
      }
      const trace_step& s = steps_[k];
      bool in_buffer = s.thread >= most_threads && s.thread < the_clock;
      int thread = in_buffer ? s.thread - most_threads : s.thread;
      auto name = names_.find(thread);
      out += fmt::format("  {:16} {:32} {}\n",
                         s.thread == the_clock  ? "the clock"
                         : name == names_.end() ? fmt::format("thread {}", thread)
                                                : name->second,
                         s.at.line ? short_place(s.at) : "", what(s, in_buffer));
    }
    i = run;
  }
  return out;
}

}  // namespace kettle::inline KETTLE_ABI::testing::detail
