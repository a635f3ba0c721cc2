#include "processes/server.hpp"

#include "base/must_make.hpp"
#include "processes/worker.hpp"
#include "sys/packet.hpp"
#include "sys/process.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace kettle::inline KETTLE_ABI {

namespace {

struct child_process {
  std::uint32_t worker;
  pid_t pid;
  sys::unique_fd pidfd;
};

class server {
 public:
  explicit server(pid_t client) : client_(sys::pidfd_open(client)) {}

  bool prepare() {
    sys::name_process("kettle-server");
    sys::reset_signals();
    return client_ && memory_.find() && tell({.what = server_order::hello});
  }

  void run() {
    while (wait()) {
      server_order order;
      int r;
      while ((r = sys::receive_packet(order_fd, order, false)) == 1) obey(order);
      if (r != -EAGAIN) return;  // the client has closed, or speaks another language
      report_ended();
    }
  }
  // None is left behind, not even as a zombie of somebody else.
  void bury_all() noexcept {
    for (auto& c : children_) sys::kill_process(c.pid, SIGKILL);
    for (auto& c : children_) {
      pollfd one{c.pidfd.get(), POLLIN, 0};
      sys::wait_any(&one, 1, after(sys::monotonic_now(), std::chrono::milliseconds(200)));
    }
    sys::ended_child e;
    while (sys::reap_child(e)) {}
  }

 private:
  // False: the client has ended. (Its end of the socket may live on in a child of its own.)
  bool wait() {
    std::vector<pollfd> all = {{order_fd, POLLIN, 0}, {client_.get(), POLLIN, 0}};
    for (auto& c : children_) all.push_back({c.pidfd.get(), POLLIN, 0});
    sys::wait_any(all.data(), all.size(), never);
    return all[1].revents == 0;
  }
  bool tell(const server_order& o) noexcept { return sys::send_packet(order_fd, o) == 0; }

  void obey(const server_order& order) {
    if (order.what == server_order::spawn) spawn(order.worker);
    if (order.what != server_order::kill) return;
    for (auto& c : children_)
      if (c.worker == order.worker) sys::kill_process(c.pid, SIGKILL);  // not reaped: still it
  }

  void spawn(std::uint32_t worker) {
    pid_t self = sys::process_id();
    std::fflush(nullptr);
    pid_t pid = sys::fork_process();
    if (pid == 0) become_worker(worker, self);
    server_order answer{.what = server_order::spawned, .worker = worker, .pid = pid};
    if (pid < 0)
      answer.error = -pid;
    else
      children_.push_back({worker, pid, sys::pidfd_open(pid)});
    tell(answer);
  }
  [[noreturn]] void become_worker(std::uint32_t worker, pid_t parent) noexcept {
    if (!sys::die_with_parent(parent)) sys::leave(0);
    set_worker_number(int(worker));
    char name[16];
    std::snprintf(name, sizeof name, "kettle-w%u", worker);
    sys::name_process(name);
    sys::close_fd(order_fd);
    sys::close_from(bell_fd + 1);
    sys::volunteer_for_oom();
    sys::keep_freed_memory();
    run_worker(memory_, int(worker));
  }

  void report_ended() {
    sys::ended_child e;
    while (sys::reap_child(e)) {
      auto it =
          std::find_if(children_.begin(), children_.end(), [&](auto& c) { return c.pid == e.pid; });
      if (it == children_.end()) continue;  // not of our making
      server_order o{.what = server_order::ended, .worker = it->worker, .pid = e.pid};
      o.signal = e.how.signal, o.exit_code = e.how.code;
      o.peak_rss_bytes = e.peak_rss_bytes, o.cpu_ns = e.cpu_ns;
      children_.erase(it);
      tell(o);
    }
  }

  sys::unique_fd client_;
  shared_memory memory_;
  std::vector<child_process> children_;
};

}  // namespace

void serve(pid_t client) noexcept {
  sys::settle_standard_files();
  // Not destroyed: a task may call exit() while other threads of its worker use this.
  static server& self = *must_make<server>(client);
  if (self.prepare()) self.run();
  self.bury_all();
  sys::leave(0);
}

}  // namespace kettle::inline KETTLE_ABI
