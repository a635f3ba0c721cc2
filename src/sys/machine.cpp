#include "sys/machine.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

#include <sched.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI::sys {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

struct cgroup_place {
  bool v2 = false;
  std::string mount;  // where the hierarchy hangs
  std::string path;   // of this process in it, seen from the mount
};

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream in(list);
  for (std::string w; std::getline(in, w, ',');)
    if (w == word) return true;
  return false;
}

// One line of mountinfo: "... root mountpoint options [optional fields] - type source
// superoptions".
struct mount_line {
  std::string root, point, type, options;
  bool parse(const std::string& line) {
    std::istringstream in(line);
    std::string skip, word;
    in >> skip >> skip >> skip >> root >> point;
    while (in >> word && word != "-") {}
    return bool(in >> type >> skip >> options);
  }
};

// Where the hierarchy that governs `controller` has this process.
std::vector<cgroup_place> find_cgroups(const std::string& root, const std::string& controller) {
  std::vector<cgroup_place> found;
  std::ifstream self(root + "/proc/self/cgroup");
  for (std::string line; std::getline(self, line);) {  // "4:cpu,cpuacct:/path", v2: "0::/path"
    std::size_t a = line.find(':'), b = line.find(':', a + 1);
    if (a == std::string::npos || b == std::string::npos) continue;
    std::string list = line.substr(a + 1, b - a - 1), path = line.substr(b + 1);
    bool v2 = list.empty();
    if (!v2 && !has_word(list, controller)) continue;
    std::ifstream mounts(root + "/proc/self/mountinfo");
    for (std::string text; std::getline(mounts, text);) {
      mount_line m;
      if (!m.parse(text)) continue;
      if (v2 ? m.type != "cgroup2" : (m.type != "cgroup" || !has_word(m.options, controller)))
        continue;
      // A container may see only a part of the tree: what is above the mount's root is not in the
      // path.
      if (m.root != "/" && path.starts_with(m.root)) path = path.substr(m.root.size());
      found.push_back({v2, root + m.point, path});
      break;
    }
  }
  return found;
}

// Calls look(directory, v2) for the process's own group and every one above it.
void each_level(const std::string& root, const std::string& controller,
                const std::function<void(const std::string&, bool)>& look) {
  for (const cgroup_place& place : find_cgroups(root, controller)) {
    std::string path = place.path == "/" ? "" : place.path;
    for (;;) {
      look(place.mount + path, place.v2);
      if (path.empty()) break;
      path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
  }
}

double quota_of_level(const std::string& dir, bool v2) {
  double quota = 0, period = 0;
  if (v2) {  // "max 100000" or "150000 100000"
    std::string line = first_line(dir + "/cpu.max");
    if (std::sscanf(line.c_str(), "%lf %lf", &quota, &period) != 2) return 0;
  } else {  // -1: none
    quota = std::atof(first_line(dir + "/cpu.cfs_quota_us").c_str());
    period = std::atof(first_line(dir + "/cpu.cfs_period_us").c_str());
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

}  // namespace

kernel_version parse_kernel_version(const char* release) noexcept {
  char* end = nullptr;
  kernel_version v;
  v.major = int(std::strtol(release, &end, 10));
  if (*end == '.') v.minor = int(std::strtol(end + 1, nullptr, 10));
  return v;
}

kernel_version running_kernel() noexcept {
  utsname name;
  return ::uname(&name) == 0 ? parse_kernel_version(name.release) : kernel_version{};
}

std::string kernel_release() {
  utsname name;
  return ::uname(&name) == 0 ? name.release : "unknown";
}

unsigned affinity_cores() noexcept {
  // The kernel refuses a mask smaller than its own: grow until it fits (machines beyond 1024 CPUs).
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(std::size_t(cpus));
    if (!set) break;
    std::size_t size = CPU_ALLOC_SIZE(std::size_t(cpus));
    int r = ::sched_getaffinity(0, size, set);
    int n = r == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (r == 0) return unsigned(std::max(n, 1));
    if (errno != EINVAL) break;
  }
  return 1;
}

double cpu_quota(const std::string& root) {
  double tightest = 0;
  each_level(root, "cpu", [&](const std::string& dir, bool v2) {
    double q = quota_of_level(dir, v2);
    if (q > 0 && (tightest == 0 || q < tightest)) tightest = q;
  });
  return tightest;
}

unsigned usable_cores() {
  unsigned cores = affinity_cores();
  double quota = cpu_quota();
  if (quota > 0) cores = std::min(cores, unsigned(std::max(1.0, std::ceil(quota))));
  return cores;
}

std::uint64_t memory_limit(const std::string& root) {
  std::uint64_t limit =
      std::uint64_t(::sysconf(_SC_PHYS_PAGES)) * std::uint64_t(::sysconf(_SC_PAGESIZE));
  each_level(root, "memory", [&](const std::string& dir, bool v2) {
    std::string line = first_line(dir + (v2 ? "/memory.max" : "/memory.limit_in_bytes"));
    std::uint64_t n = std::strtoull(line.c_str(), nullptr, 10);  // "max" and a missing file give 0
    if (n > 0) limit = std::min(limit, n);
  });
  return limit;
}

descriptor_limit open_files() noexcept {
  rlimit r{};
  ::getrlimit(RLIMIT_NOFILE, &r);
  return {r.rlim_cur, r.rlim_max};
}

bool has_fsgsbase() noexcept {
#if defined(__x86_64__)
  return (::getauxval(AT_HWCAP2) & 2) != 0;
#else
  return false;
#endif
}

}  // namespace kettle::inline KETTLE_ABI::sys
