#pragma once
// The steps of one schedule, and the same as text for people.

#include <kettle/base/seam.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kettle::inline KETTLE_ABI::testing::detail {

struct trace_step {
  int thread = 0;
  kettle::detail::seam::step what{};
  const void* word = nullptr;
  std::uint64_t before = 0, after = 0;
  kettle::detail::seam::where at;
};

class trace {
 public:
  void clear() noexcept { steps_.clear(), names_.clear(); }
  void add(const trace_step& s) { steps_.push_back(s); }
  void name(int thread, const std::string& name) { names_[thread] = name; }
  // One line a step: thread, file:line, what. Of a thread's long run only its ends are shown.
  std::string text() const;

 private:
  bool is_shown(std::size_t step, std::size_t begin, std::size_t end) const;
  std::string name_of(int who) const;

  std::vector<trace_step> steps_;
  std::map<int, std::string> names_;
};

// The last two parts of a path, and the line.
std::string short_place(kettle::detail::seam::where at);

}  // namespace kettle::inline KETTLE_ABI::testing::detail
