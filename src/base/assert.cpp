#include <kettle/base/assert.hpp>
#include <kettle/base/seam.hpp>

#include <cstdio>
#include <cstdlib>

namespace kettle::inline KETTLE_ABI {

void assertion_failed(const char* condition, const char* rule, const char* file,
                      int line) noexcept {
#if defined(KETTLE_EXPLORED)
  if (detail::seam::exploring()) detail::seam::fail("assertion", rule, {file, unsigned(line)});
#endif
  std::fprintf(stderr, "kettle: %s:%d: %s (%s)\n", file, line, rule, condition);
  std::abort();
}

}  // namespace kettle::inline KETTLE_ABI
