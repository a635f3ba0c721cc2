// A stranger's program: it sees a macro, a header and a symbol of the library.
#include <kettle/base/error.hpp>
#include <kettle/version.hpp>

#include <cstdio>

#if KETTLE_VERSION < 100
#error "older than the first version"
#endif

int main() {
  kettle::io_error e(std::make_error_code(std::errc::no_such_file_or_directory), "open", "pot");
  std::printf("kettle %s: %s\n", kettle::version, e.what());
}
