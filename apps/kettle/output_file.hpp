#pragma once
// Writing a result where the user wants it: known beforehand, and whole or not at all.
//
//   check_writable("--json", path);             // before an hour is spent
//   write_whole("--json", path, text);          // through a file beside it
//
// Both throw bad_input that names the option and the path. A device or a pipe is written directly.

#include <string>

namespace kettle::app {

void check_writable(const std::string& option, const std::string& path);
void write_whole(const std::string& option, const std::string& path, const std::string& text);

}  // namespace kettle::app
