#pragma once
// The processes of a group, which a program that was started leads.
//
//   sys::signal_group(leader, SIGTERM);
//   while (!sys::group_has_ended(leader)) ...
//
// Threads: any.

#include <kettle/base/require.hpp>

#include <sys/types.h>

namespace kettle::inline KETTLE_ABI::sys {

// To every process of the group. 0, or -ESRCH when there is none.
int signal_group(pid_t leader, int signal) noexcept;

// True: nobody of the group runs any more. Who has ended and was not reaped (in a container whose
// first process reaps nobody they stay for ever) still counts for the kernel, so /proc is searched
// then: that takes some milliseconds where there are many processes.
bool group_has_ended(pid_t leader) noexcept;

}  // namespace kettle::inline KETTLE_ABI::sys
