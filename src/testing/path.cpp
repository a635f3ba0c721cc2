#include "testing/path.hpp"

#include <kettle/base/error.hpp>

#include <cstdlib>

#include <fmt/format.h>

namespace kettle::inline KETTLE_ABI::testing::detail {

std::string text_of(const path& p) {
  std::string out;
  for (const departure& d : p)
    out += fmt::format("{}{}.{}", out.empty() ? "" : "-", d.decision, d.chosen);
  return out.empty() ? "-" : out;
}

path parse_path(std::string_view text) {
  path out;
  if (text == "-") return out;
  std::string all(text);
  const char* at = all.c_str();
  for (;;) {
    char* end = nullptr;
    departure d;
    d.decision = std::uint32_t(std::strtoul(at, &end, 10));
    if (end == at || *end != '.') break;
    at = end + 1;
    d.chosen = int(std::strtol(at, &end, 10));
    if (end == at) break;
    out.push_back(d);
    if (*end == '\0') return out;
    if (*end != '-') break;
    at = end + 1;
  }
  throw usage_error("KETTLE_SEED: '" + all + "' is no seed of an exploration");
}

}  // namespace kettle::inline KETTLE_ABI::testing::detail
