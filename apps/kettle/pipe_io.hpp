#pragma once
// Whole texts through a blocking descriptor.
//
//   write_all(fd, text);   std::string text = read_all(fd);

#include <string>
#include <string_view>

namespace kettle::app {

std::string read_all(int fd);  // until its end
bool write_all(int fd, std::string_view text);

}  // namespace kettle::app
