#include "io/hosts_file.hpp"

#include <algorithm>
#include <string>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::string_view blank = " \t\r";

// Takes the first line, or the first word of one, off the text.
std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line.substr(0, line.find('#'));
}
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(blank)));
  std::string_view word = line.substr(0, line.find_first_of(blank));
  line.remove_prefix(word.size());
  return word;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  auto low = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return low(x) == low(y); });
}

}  // namespace

bool asks_files_first(std::string_view nsswitch) {
  while (!nsswitch.empty()) {
    std::string_view line = take_line(nsswitch);
    if (take_word(line) != "hosts:") continue;
    for (std::string_view service; !(service = take_word(line)).empty();) {
      if (service == "files") return true;
      if (service == "dns" || service == "resolve") return false;
    }
    return false;
  }
  return true;
}

std::vector<address> in_hosts(std::string_view hosts, std::string_view name) {
  std::vector<address> found;
  while (!hosts.empty()) {
    std::string_view line = take_line(hosts);
    std::string_view number = take_word(line);
    bool named = false;
    for (std::string_view word; !named && !(word = take_word(line)).empty();)
      named = same_name(word, name);
    if (!named || number.find('\0') != number.npos) continue;
    if (auto a = address::ip(number, 0)) found.push_back(*a);
  }
  return found;
}

}  // namespace kettle::inline KETTLE_ABI
