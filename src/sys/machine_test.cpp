#include "sys/machine.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace kettle {
namespace {
namespace fs = std::filesystem;

// A /proc and /sys of our own, so that quotas can be seen on any machine.
class planted_root : public testing::Test {
 protected:
  planted_root() {
    char name[] = "/tmp/kettle-machine-XXXXXX";
    root = ::mkdtemp(name);
  }
  ~planted_root() override { fs::remove_all(root); }
  void put(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  }
  std::string root;
};

TEST_F(planted_root, cgroup_v2_quota_is_the_tightest_of_all_levels) {
  put("/proc/self/cgroup", "0::/a/b\n");
  put("/proc/self/mountinfo",
      "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  put("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
  EXPECT_DOUBLE_EQ(sys::cpu_quota(root), 1.5);
}

TEST_F(planted_root, cgroup_v1_quota_below_a_containers_mount_is_found) {
  put("/proc/self/cgroup", "4:cpu,cpuacct:/docker/77\n3:memory:/docker/77\n");
  put("/proc/self/mountinfo",
      "31 30 0:27 /docker/77 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
      "32 30 0:28 /docker/77 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
  put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n");
  EXPECT_DOUBLE_EQ(sys::cpu_quota(root), 2.0);
  EXPECT_EQ(sys::memory_limit(root), 1048576u);
}

TEST_F(planted_root, no_cgroup_means_no_quota) {
  EXPECT_EQ(sys::cpu_quota(root), 0);
  EXPECT_GT(sys::memory_limit(root), 0u);
}

TEST_F(planted_root, a_quota_of_none_is_no_quota) {
  put("/proc/self/cgroup", "4:cpu:/\n");
  put("/proc/self/mountinfo", "31 30 0:27 / /c rw - cgroup cgroup rw,cpu\n");
  put("/c/cpu.cfs_quota_us", "-1\n");
  put("/c/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(sys::cpu_quota(root), 0);
}

TEST(machine, usable_cores_is_at_least_one_and_within_affinity) {
  EXPECT_GE(sys::usable_cores(), 1u);
  EXPECT_LE(sys::usable_cores(), sys::affinity_cores());
}

TEST(machine, kernel_versions_are_read_and_compared) {
  EXPECT_EQ(sys::parse_kernel_version("6.1.0-18-amd64"), (sys::kernel_version{6, 1}));
  EXPECT_EQ(sys::parse_kernel_version("5.15.153.1-microsoft"), (sys::kernel_version{5, 15}));
  EXPECT_LT((sys::kernel_version{5, 15}), (sys::kernel_version{6, 1}));
  EXPECT_GT(sys::running_kernel(), (sys::kernel_version{3, 0}));
  EXPECT_EQ(sys::parse_kernel_version(sys::kernel_release().c_str()), sys::running_kernel());
}

TEST(machine, descriptor_limit_is_read) {
  EXPECT_GE(sys::open_files().soft, 3u);
  EXPECT_LE(sys::open_files().soft, sys::open_files().hard);
}

}  // namespace
}  // namespace kettle
