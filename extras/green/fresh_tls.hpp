#pragma once
// A control block used again must look new to the program: keys destroyed, thread-locals initial.
//
//   run_key_destructors(); refresh_tls();      // by the fiber itself, after its function
//
// libc's own block stays as it is: malloc's cache and the locale in it serve the next as well.
// Threads: the fiber whose block it is.

#include <kettle/base/require.hpp>

namespace kettle::inline KETTLE_ABI::green {

void run_key_destructors();
void refresh_tls() noexcept;

}  // namespace kettle::inline KETTLE_ABI::green
