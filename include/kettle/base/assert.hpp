#pragma once
// KETTLE_ASSERT(condition, "the rule that is broken"): a broken invariant, or misuse where nothing
// may be thrown. Stays on in release builds; prints file, line and rule on stderr and aborts.

#include <kettle/base/require.hpp>

namespace kettle::inline KETTLE_ABI {

[[noreturn]] void assertion_failed(const char* condition, const char* rule, const char* file,
                                   int line) noexcept;

}  // namespace kettle::inline KETTLE_ABI

#define KETTLE_ASSERT(condition, rule) \
  (static_cast<bool>(condition)        \
       ? static_cast<void>(0)          \
       : ::kettle::assertion_failed(#condition, rule, __FILE__, __LINE__))
