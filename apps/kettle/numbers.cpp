#include "numbers.hpp"

#include "bad_input.hpp"

#include <fmt/format.h>
#include <charconv>

namespace kettle::app {

std::int64_t whole_number(std::string_view option, std::string_view text, std::int64_t least,
                          std::int64_t most) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < least || value > most)
    throw bad_input(exit_usage, fmt::format("{}: \"{}\" is not a whole number from {} to {}",
                                            option, text, least, most));
  return value;
}

double seconds(std::string_view option, std::string_view text, double least, double most) {
  double value = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  // The comparison is written so that NaN, which from_chars accepts, is refused too.
  if (error != std::errc{} || stop != end || !(value >= least && value <= most))
    throw bad_input(exit_usage, fmt::format("{}: \"{}\" is not a number of seconds from {} to {}",
                                            option, text, least, most));
  return value;
}

}  // namespace kettle::app
