#pragma once
// What is to be made of some points: faults that the sweep shows and that stay for now
// (docs/limits.md says what users see of them; one that does not show any more fails the sweep),
// clear words that are not the system's, and errors that cannot happen there.

#include "point.hpp"

#include <string_view>

namespace kettle::tests {

struct known_fault {
  std::string_view name, body, call;
  int error = 0;         // 0: each
  bool at_first = true;  // also when only the first call fails
};

inline constexpr known_fault known_faults[] = {
    {"io/file_close_says_nothing", "a file at offsets", "close_written"},
};

inline const known_fault* find_known(const body& b, std::size_t call, int error) {
  for (const known_fault& k : known_faults)
    if (k.body == b.name && k.call == call_table[call].name && (k.error == 0 || k.error == error))
      return &k;
  return nullptr;
}

// What is said instead of the system's own words, and is as clear.
struct other_words {
  std::string_view body, call, text;
};

inline constexpr other_words said_otherwise[] = {
    // Whether somebody lives there could not be found out.
    {"a unix file left behind", "connect", "Address already in use"},
    {"a unix file left behind", "lstat", "Address already in use"},
    // Whether it is a FIFO could not be found out.
    {"a FIFO", "stat", "No such device or address"},
    {"processes", "mmap", "map the arguments"},
    {"forked processes", "mmap", "map the arguments"},
    {"processes", "mremap", "map the arguments"},
    {"forked processes", "mremap", "map the arguments"},
};

inline bool says_otherwise(const body& b, const fault& f, std::string_view text) {
  for (const other_words& o : said_otherwise)
    if (o.body == b.name && o.call == call_table[f.call].name && text.find(o.text) != text.npos)
      return true;
  return false;
}

// What cannot happen there, though it can elsewhere.
struct impossible {
  std::string_view body, call;
  int error;
};

inline constexpr impossible impossible_ones[] = {
    {"commands", "pwritev2", EPIPE},  // somebody reads
    {"commands", "pwritev2_waiting", EPIPE},
    {"a FIFO", "fstat", EIO},  // it has no disk
};

inline bool is_impossible(const body& b, std::size_t call, int error) {
  for (const impossible& i : impossible_ones)
    if (i.body == b.name && i.call == call_table[call].name && i.error == error) return true;
  return false;
}

}  // namespace kettle::tests
