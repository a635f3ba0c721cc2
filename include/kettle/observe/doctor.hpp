#pragma once
// What kettle finds on this machine, and what it chooses because of it: the facts behind `kettle
// doctor`.
//
//   machine_report here = look_at_machine();
//   std::puts(here.loop.c_str());         // "io_uring", or "epoll", or "" when none can run
//   std::puts(here.loop_reason.c_str());  // "the kernel offers it"
//   if (here.files_soft < 20'000) raise_the_limit();
//
// A snapshot: affinity, quota and limits may change while a program runs. Any thread; it waits for
// nothing but a few small files of /proc and /sys.

#include <kettle/base/require.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kettle::inline KETTLE_ABI {

struct machine_report {
  std::string loop;             // the back end a loop would get now
  std::string loop_reason;      // why that one, or why none can run
  bool loop_forced = false;     // by KETTLE_BACKEND
  bool io_uring = false;        // may be used here
  std::string io_uring_denied;  // why not

  std::string kernel;  // "6.1.0-18-amd64"
  unsigned cores = 1;  // usable: affinity and quota together
  unsigned affinity_cores = 1;
  double cpu_quota = 0;          // CPUs' worth of time; 0: no limit
  std::uint64_t memory = 0;      // bytes this process may use
  std::uint64_t files_soft = 0;  // descriptors (RLIMIT_NOFILE)
  std::uint64_t files_hard = 0;
  bool fsgsbase = false;      // user code may switch the thread pointer by itself
  bool light_guards = false;  // guard pages that cost no mapping (MADV_GUARD_INSTALL, Linux 6.13)
  bool pipes_nowait = false;  // reads and writes of pipes that never wait (RWF_NOWAIT, Linux 6.15)

  std::vector<std::string> advice;  // what is missing and what it costs, a sentence each
};

machine_report look_at_machine();

}  // namespace kettle::inline KETTLE_ABI
