#pragma once
// What this machine lets this process use: cores, memory, descriptors, kernel and CPU features.
//
//   unsigned n = sys::usable_cores();              // affinity and cgroup quota, at least 1
//   sys::kernel_version k = sys::running_kernel(); // k >= sys::kernel_version{6, 1}
//
// Every function asks anew: affinity and quota may change while a program runs; callers that need
// one answer keep it. `root` is where /proc and /sys hang, for tests.

#include <kettle/base/require.hpp>

#include <compare>
#include <cstdint>
#include <string>

namespace kettle::inline KETTLE_ABI::sys {

struct kernel_version {
  int major = 0, minor = 0;
  friend auto operator<=>(const kernel_version&, const kernel_version&) = default;
};

kernel_version running_kernel() noexcept;
kernel_version parse_kernel_version(const char* release) noexcept;  // "6.1.0-18-amd64"
std::string kernel_release();

unsigned affinity_cores() noexcept;  // CPUs of sched_getaffinity; at least 1
// CPUs' worth of time by cgroup v1 or v2, the tightest of all levels up to the root; 0: no limit.
double cpu_quota(const std::string& root = "");
// Affinity and quota together. A quota of 1.5 counts as 2: half a core unused costs more than some
// throttling.
unsigned usable_cores();

// Bytes this process may use: the tightest cgroup limit, else the machine's memory.
std::uint64_t memory_limit(const std::string& root = "");

struct descriptor_limit {
  std::uint64_t soft = 0, hard = 0;
};
descriptor_limit open_files() noexcept;  // RLIMIT_NOFILE

// Whether user code may switch the thread pointer by itself (AT_HWCAP2 bit 1, Linux 5.9, x86-64).
bool has_fsgsbase() noexcept;

}  // namespace kettle::inline KETTLE_ABI::sys
