#include "busy.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>
#include <vector>

namespace kettle::app {
namespace {

constexpr auto probe_time = std::chrono::milliseconds(20);

queue_time own_queue_time() {
  char text[128];
  int fd = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  ssize_t size = ::read(fd, text, sizeof text);
  ::close(fd);
  return parse_schedstat({text, size > 0 ? static_cast<std::size_t>(size) : 0});
}

double spin_on(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
  auto before = own_queue_time();
  auto until = std::chrono::steady_clock::now() + probe_time;
  while (std::chrono::steady_clock::now() < until) {}
  return waiting_share(before, own_queue_time());
}

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (::sched_getaffinity(0, sizeof mine, &mine) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
      if (CPU_ISSET(cpu, &mine)) cpus.push_back(cpu);
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

}  // namespace

double busy_share(int cores) {
  auto cpus = allowed_cpus();
  cpus.resize(std::min(cpus.size(), static_cast<std::size_t>(std::max(cores, 1))));
  std::vector<double> shares(cpus.size());
  std::vector<std::thread> spinning;
  spinning.reserve(cpus.size());
  for (std::size_t i = 0; i < cpus.size(); i++)
    spinning.emplace_back([&, i] { shares[i] = spin_on(cpus[i]); });
  for (auto& thread : spinning) thread.join();
  return *std::ranges::max_element(shares);
}

queue_time parse_schedstat(std::string_view text) {
  queue_time out;
  const char* end = text.data() + text.size();
  auto first = std::from_chars(text.data(), end, out.ran_ns);
  if (first.ec != std::errc{} || first.ptr == end) return {};
  auto second = std::from_chars(first.ptr + 1, end, out.waited_ns);
  return second.ec == std::errc{} ? out : queue_time{};
}

double waiting_share(queue_time before, queue_time after) {
  auto ran = static_cast<double>(after.ran_ns - before.ran_ns);
  auto waited = static_cast<double>(after.waited_ns - before.waited_ns);
  return ran + waited > 0 ? waited / (ran + waited) : 0;
}

}  // namespace kettle::app
