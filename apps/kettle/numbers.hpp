#pragma once
// Numbers as a user types them: whole, in range, or one clear sentence about which option was
// wrong.
//
//   whole_number("--items", "200", 1, 1'000'000) == 200;
//   whole_number("--items", "2x", 1, 10);   // throws: --items: "2x" is not a whole number from 1
//   to 10

#include <cstdint>
#include <string_view>

namespace kettle::app {

std::int64_t whole_number(std::string_view option, std::string_view text, std::int64_t least,
                          std::int64_t most);

// Seconds, a decimal fraction allowed: "0.5".
double seconds(std::string_view option, std::string_view text, double least, double most);

}  // namespace kettle::app
