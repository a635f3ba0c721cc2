#include "observe/advice.hpp"

#include <fmt/format.h>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::uint64_t many_files = 4096;

}  // namespace

std::vector<std::string> advice_for(const machine_report& r) {
  std::vector<std::string> out;
  if (r.loop.empty()) out.push_back("no loop can run: " + r.loop_reason);
  if (!r.io_uring) out.push_back("io_uring cannot be used, epoll stands in: " + r.io_uring_denied);
  if (r.files_soft < many_files && r.files_hard > r.files_soft)
    out.push_back(fmt::format("only {} descriptors at once: `ulimit -n {}` allows more connections",
                              r.files_soft, r.files_hard));
  if (r.files_hard < many_files)
    out.push_back(fmt::format(
        "at most {} descriptors at once, and only root can raise that: few connections fit",
        r.files_hard));
  if (r.cpu_quota > 0 && r.cpu_quota < r.affinity_cores)
    out.push_back(fmt::format(
        "a quota of {:.2g} CPUs on {} cores: computing in more than {} threads gains nothing",
        r.cpu_quota, r.affinity_cores, r.cores));
  if (!r.light_guards)
    out.push_back(
        "no light guard pages (Linux 6.13): each fiber's stack costs a mapping; beyond 20 000 "
        "fibers at once an overflow is noticed only when its fiber ends");
  if (!r.pipes_nowait)
    out.push_back(
        "no RWF_NOWAIT on pipes (Linux 6.15): each read and write of a pipe or terminal costs a "
        "poll more, and a write takes at most 4 KiB");
  if (r.cores == 1)
    out.push_back("one usable core: threads can overlap waits here, but not computing");
  return out;
}

}  // namespace kettle::inline KETTLE_ABI
