#pragma once
// The switch: the k-th call of one function, counted from arm() on, fails.
//
//   arm({.call = index_of("read"), .error = EIO, .at = 1});
//   ...
//   bool met = disarm();
//
// Threads: any. In a forked child it is off; or, with `in_children`, on there and nowhere else,
// with one count for all of them.

#include "table.hpp"

#include <cstdint>

namespace kettle::tests {

inline constexpr std::size_t no_call = call_count;

constexpr std::size_t index_of(std::string_view name) {
  for (std::size_t i = 0; i < call_count; i++)
    if (call_table[i].name == name) return i;
  return no_call;
}

struct fault {
  std::size_t call = no_call;  // none fails: calls are only counted
  int error = 0;
  std::uint32_t at = 1;
  bool in_children = false;
  void (*before)() = nullptr;  // called when it is met
};

void arm(const fault& f);
bool disarm();  // whether it was met
bool met_one();
bool is_armed();
std::uint32_t counted(std::size_t call);  // since arm()

// From now on, as before Linux 6.13.
void take_light_guards_away();
bool has_no_light_guards() noexcept;

// The error that this call of it meets, or 0.
int meet(std::size_t call) noexcept;

}  // namespace kettle::tests
