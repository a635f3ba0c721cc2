// The command of --exec: refused with bad_input, or a script in which the item is a quoted word.

#include "exec_template.hpp"
#include "bad_input.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string command(reinterpret_cast<const char*>(data), size);
  try {
    kettle::app::exec_template parsed(command);
    if (parsed.script().find("\"$1\"") == std::string::npos) std::abort();
    if (parsed.script().find('\0') != std::string::npos) std::abort();
    auto argv = kettle::app::argv_of(parsed.script(), command);
    if (argv.back() != command) std::abort();
  } catch (const kettle::app::bad_input&) {}
  return 0;
}
