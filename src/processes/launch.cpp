#include "processes/launch.hpp"

#include "processes/server.hpp"
#include "sys/file.hpp"
#include "sys/packet.hpp"
#include "sys/process.hpp"
#include "sys/spawn.hpp"

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <link.h>
#include <unistd.h>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr auto hello_limit = std::chrono::seconds(20);

// The file that the main program's own code was mapped from, as the kernel tells it.
std::string mapped_program() {
  struct first_image {
    std::uintptr_t address = 0;
  } program;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        for (int i = 0; i < info->dlpi_phnum; i++)
          if (info->dlpi_phdr[i].p_type == PT_LOAD) {
            static_cast<first_image*>(data)->address = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            return 1;
          }
        return 1;  // the first one is the program
      },
      &program);
  std::string maps = sys::read_small_file("/proc/self/maps");
  for (std::size_t at = 0; at < maps.size();) {
    std::size_t end = std::min(maps.find('\n', at), maps.size());
    std::string line = maps.substr(at, end - at);
    at = end + 1;
    unsigned long low = 0, high = 0;
    int path = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %*s %*s %*s %*s %n", &low, &high, &path) < 2) continue;
    if (program.address >= low && program.address < high && path > 0) return line.substr(path);
  }
  return "";
}

// False: there are no descriptors left.
bool move_up(const int* from, sys::unique_fd* to, int count) noexcept {
  for (int i = 0; i < count; i++) {
    to[i].reset(sys::copy_above(from[i], 64));
    if (!to[i]) return false;
  }
  return true;
}

int execute(const std::string& program, const int* fds, sys::spawned& child) {
  std::string variable = server_variable + ("=" + std::to_string(sys::process_id()));
  std::vector<char*> environment = {variable.data()};
  for (char** e = ::environ; *e; e++) environment.push_back(*e);
  environment.push_back(nullptr);
  std::string path = program;
  char* argv[] = {path.data(), nullptr};
  sys::spawn_plan plan{.argv = argv, .environment = environment.data()};
  plan.more = fds, plan.more_count = shared_fds;
  return sys::spawn(plan, child);
}

int fork_here(const int* fds, sys::spawned& child) {
  pid_t client = sys::process_id();
  child.pid = sys::fork_process();
  if (child.pid < 0) return child.pid;
  if (child.pid == 0) {
    for (int i = 0; i < shared_fds; i++) sys::place_at(fds[i], order_fd + i);
    sys::close_from(order_fd + shared_fds);
    serve(client);
  }
  child.pidfd = sys::pidfd_open(child.pid);
  return child.pidfd ? 0 : -child.pidfd.error();
}

bool says_hello(int orders, int pidfd) {
  pollfd both[] = {{orders, POLLIN, 0}, {pidfd, POLLIN, 0}};
  if (sys::wait_any(both, 2, after(sys::monotonic_now(), hello_limit)) <= 0) return false;
  server_order hello;
  return sys::receive_packet(orders, hello, false) == 1 && hello.what == server_order::hello;
}

void say_once(const char* why) {
  static atomic<bool> said{false};
  if (!said.exchange(true, relaxed))
    std::fprintf(stderr,
                 "kettle: %s; worker processes are forked from this one as it is "
                 "(start_method::fork)\n",
                 why);
}

bool try_start(server_process& out, const shared_memory& memory, const std::string* program) {
  sys::packet_pair orders;
  if (sys::make_packet_pair(orders) < 0) return false;
  int plain[shared_fds] = {orders.theirs.get()}, rest[shared_fds - 1];
  memory.give(rest);
  for (int i = 0; i < shared_fds - 1; i++) plain[i + 1] = rest[i];
  sys::unique_fd high[shared_fds];
  if (!move_up(plain, high, shared_fds)) return false;
  int fds[shared_fds];
  for (int i = 0; i < shared_fds; i++) fds[i] = high[i].get();
  sys::spawned child;
  int r = program ? execute(*program, fds, child) : fork_here(fds, child);
  if (r < 0) return false;
  for (auto& fd : high) fd.reset();
  orders.theirs.reset();
  out.pid = child.pid;
  out.pidfd = std::move(child.pidfd);
  out.orders = std::move(orders.ours);
  if (says_hello(out.orders.get(), out.pidfd.get())) return true;
  sys::pidfd_signal(out.pidfd.get(), SIGKILL);
  end_server(out);
  return false;
}

}  // namespace

std::string own_program() {
  std::string mapped = mapped_program();
  std::string itself = sys::read_link("/proc/self/exe");
  // Equal also when both are "(deleted)": the kernel still executes that file.
  if (!itself.empty() && mapped == itself) return "/proc/self/exe";
  // Something else was executed and has loaded us: valgrind, or ld.so with the program as argument.
  if (!mapped.empty() && mapped[0] == '/' && sys::is_executable(mapped.c_str())) return mapped;
  return "";
}

bool start_server(server_process& out, const shared_memory& memory, start_method how) {
  if (how == start_method::fork_server) {
    if (!can_take_over()) {
      say_once("this program cannot be taken over before main()");
    } else {
      std::string program = own_program();
      if (!program.empty() && try_start(out, memory, &program)) return true;
      say_once("this program could not be started again as a fork server");
    }
  }
  return try_start(out, memory, nullptr);
}

void end_server(server_process& s) noexcept {
  s.orders.reset();
  pollfd one{s.pidfd.get(), POLLIN, 0};
  if (sys::wait_any(&one, 1, after(sys::monotonic_now(), std::chrono::seconds(1))) <= 0)
    sys::pidfd_signal(s.pidfd.get(), SIGKILL);
  while (sys::wait_any(&one, 1, never) == -EINTR) {}
  sys::exit_state how;
  sys::pidfd_reap(s.pidfd.get(), how);  // -ECHILD: the program reaps all its children itself
  s.pid = -1;
  s.pidfd.reset();
}

}  // namespace kettle::inline KETTLE_ABI
