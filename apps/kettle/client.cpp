#include "client.hpp"

#include <array>
#include <atomic>
#include <kettle/io/command.hpp>
#include <kettle/io/connect.hpp>
#include <stdexcept>

#include "exec_template.hpp"
#include "http_reply.hpp"
#include "url.hpp"
#include "work.hpp"

namespace kettle::app {
namespace {

std::atomic<int> running{0};
std::atomic<int> most_running{0};

constexpr int fetch_begins = __LINE__;
std::string fetch(const std::string& address) {
  url page = parse_url(address);
  stream peer = connect(page.host, page.port).get();
  peer.write(request_for(page)).get();
  http_reply reply;
  std::array<char, 4096> buffer;
  while (!reply.done()) {
    if (auto n = peer.read(buffer).get())
      reply.feed({buffer.data(), n});
    else
      reply.end();
  }
  reply.expect_success();
  return reply.body();
}
constexpr int fetch_lines = __LINE__ - fetch_begins - 1;

constexpr int execute_begins = __LINE__;
std::string execute(const std::string& script, const std::string& item) {
  running_program here;
  auto status = command(argv_of(script, item)).run().get();
  if (!status.ok()) throw std::runtime_error(status.text());
  return "done";
}
constexpr int execute_lines = __LINE__ - execute_begins - 1;

}  // namespace

std::string do_item(const cell& c, const std::string& item) {
  switch (c.work) {
    case work_kind::fetch: return sha256(fetch(item));
    case work_kind::fetch_and_compute: return digest(fetch(item), c.passes);
    case work_kind::execute: return execute(c.script, item);
    case work_kind::compute: break;
  }
  return compute(item);
}

int lines_of_parts(work_kind work, int fetch_lines, int execute_lines) {
  switch (work) {
    case work_kind::fetch: return fetch_lines;
    case work_kind::fetch_and_compute: return fetch_lines + 1;  // and the call that computes
    case work_kind::execute: return execute_lines;
    case work_kind::compute: break;
  }
  return 1;
}

int lines_of_client(work_kind work) { return lines_of_parts(work, fetch_lines, execute_lines); }

running_program::running_program() {
  int now = running.fetch_add(1, std::memory_order_relaxed) + 1;  // counters: nothing hangs on them
  int most = most_running.load(std::memory_order_relaxed);
  while (now > most && !most_running.compare_exchange_weak(most, now, std::memory_order_relaxed)) {}
}

running_program::~running_program() { running.fetch_sub(1, std::memory_order_relaxed); }

int running_program::most_at_once() { return most_running.load(std::memory_order_relaxed); }

}  // namespace kettle::app
