#pragma once
// A schedule by where it departs from the defaults, and the same as text: the seed of a failure.

#include <kettle/base/require.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kettle::inline KETTLE_ABI::testing::detail {

struct departure {
  std::uint32_t decision = 0;
  int chosen = 0;  // an entity, or what was picked
  friend bool operator==(const departure&, const departure&) = default;
};
using path = std::vector<departure>;

// "12.3-40.0": at decision 12 thread 3, at decision 40 thread 0; "-": all by default.
std::string text_of(const path& p);
path parse_path(std::string_view text);  // usage_error: it is none

}  // namespace kettle::inline KETTLE_ABI::testing::detail
