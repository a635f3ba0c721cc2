#include "base/c_string.hpp"

#include <kettle/base/error.hpp>

namespace kettle::inline KETTLE_ABI {

const char* c_string(const std::string& text, const char* what) {
  if (std::size_t end = text.find('\0'); end != text.npos)
    throw usage_error(std::string(what) +
                      " has a NUL byte inside, where the system would cut it: \"" +
                      text.substr(0, end) + "\\0...\"");
  return text.c_str();
}

}  // namespace kettle::inline KETTLE_ABI
