#pragma once
// A user's string as the system takes it: up to the first NUL byte, which must be its end.
//
//   ::open(c_string(path, "open_file: the path"), O_RDONLY);
//
// A string with a NUL inside would be cut there without a word, and the system would open, start or
// look up something else than what was checked before. So such a string is a usage_error, and every
// place where a user's string goes to the system as text takes it from here. The pointer is
// text.c_str(). Threads: any.

#include <kettle/base/require.hpp>

#include <string>

namespace kettle::inline KETTLE_ABI {

const char* c_string(const std::string& text, const char* what);

}  // namespace kettle::inline KETTLE_ABI
