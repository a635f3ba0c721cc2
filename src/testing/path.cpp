#include "testing/path.hpp"

#include <kettle/base/error.hpp>

#include <charconv>

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
  const char *at = text.data(), *end = at + text.size();
  auto number = [&](auto& to) {
    auto [rest, error] = std::from_chars(at, end, to);
    bool read = error == std::errc() && *at != '-';
    at = rest;
    return read;
  };
  auto sign = [&](char c) {
    bool there = at != end && *at == c;
    at += there;
    return there && at != end;
  };
  for (;;) {
    departure d;
    bool later =
        at != end && number(d.decision) && (out.empty() || d.decision > out.back().decision);
    if (!later || !sign('.') || !number(d.chosen)) break;
    out.push_back(d);
    if (at == end) return out;
    if (!sign('-')) break;
  }
  throw usage_error("KETTLE_SEED: '" + std::string(text) + "' is no seed of an exploration");
}

}  // namespace kettle::inline KETTLE_ABI::testing::detail
