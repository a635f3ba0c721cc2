#include "testing/trace.hpp"

#include "testing/strategy.hpp"

#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace kettle::inline KETTLE_ABI::testing::detail {

using kettle::detail::seam::step;

namespace {

std::string value(std::uint64_t v) {
  return v < 1'000'000 ? fmt::to_string(v) : fmt::format("{:#x}", v);
}

bool is_late_store(const trace_step& s) { return s.thread >= most_threads && s.thread < the_clock; }

std::string text_of(const trace_step& s, const std::string& other) {
  if (is_late_store(s))
    return fmt::format("its delayed store of {} becomes visible", value(s.after));
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
    case step::begin: return fmt::format("starts '{}'", other);
    case step::end: return "ends";
    case step::join: return fmt::format("has joined '{}'", other);
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

// What a long run of one thread shows of itself: its ends, and what the body of the test does.
bool trace::is_shown(std::size_t step, std::size_t begin, std::size_t end) const {
  constexpr std::size_t ends = 8;
  switch (steps_[step].what) {
    case step::variable_read:
    case step::variable_write:
    case step::choice:
    case step::check:
    case step::begin: return true;
    default: return step < begin + ends || step + ends >= end;
  }
}

std::string trace::name_of(int who) const {
  if (who == the_clock) return "the clock";
  int thread = who >= most_threads ? who - most_threads : who;
  auto name = names_.find(thread);
  return name == names_.end() ? fmt::format("thread {}", thread) : name->second;
}

std::string trace::text() const {
  std::string out;
  for (std::size_t begin = 0, end = 0; begin < steps_.size(); begin = end) {
    while (end < steps_.size() && steps_[end].thread == steps_[begin].thread) end++;
    std::size_t hidden = 0;
    for (std::size_t i = begin; i < end; i++) {
      const trace_step& s = steps_[i];
      if (!is_shown(i, begin, end)) {
        hidden++;
        continue;
      }
      if (hidden)
        out += fmt::format("  {:16} ... {} more steps ...\n", "", std::exchange(hidden, 0));
      out += fmt::format("  {:16} {:38} {}\n", name_of(s.thread),
                         s.at.line ? short_place(s.at) : "", text_of(s, name_of(int(s.after))));
    }
  }
  return out;
}

}  // namespace kettle::inline KETTLE_ABI::testing::detail
