#pragma once
// The inner side of <kettle/core/tasks.hpp>.

#include <kettle/base/clock.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace kettle::inline KETTLE_ABI {

// What dump_tasks says of those threads alone; appended.
void dump_threads(std::string& out, const std::vector<int>& which);
// The same with other patience than 100 ms, of all.
void dump_patiently(std::string& out, duration patience);
// To stderr.
void print_lines(std::string_view text) noexcept;

}  // namespace kettle::inline KETTLE_ABI
