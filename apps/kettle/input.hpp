#pragma once
// The lists a user gives to compare: lines of a file or of standard input, and files of a directory
// or a glob pattern. An empty list and an unreadable source are errors that name it.
//
//   auto items = lines_of("--input", "names.txt");        // empty lines do not count
//   auto files = files_of("/usr/share/doc/*/copyright");  // sorted

#include <string>
#include <vector>

namespace kettle::app {

inline constexpr std::size_t most_items = 1'000'000;

// `path` empty: standard input. NUL bytes are refused: they cannot stand in a command or a URL.
std::vector<std::string> lines_of(const std::string& option, const std::string& path);

// As lines_of, without the lines that begin with '#' and without the blanks around a line.
std::vector<std::string> urls_of(const std::string& option, const std::string& path);

// The regular files below a directory, or those a glob pattern matches. Links to directories are
// not followed.
std::vector<std::string> files_of(const std::string& where);

}  // namespace kettle::app
