// The coroutine twin of client.cpp: the same steps, awaited.

#include <array>
#include <kettle/io/command.hpp>
#include <kettle/io/connect.hpp>
#include <stdexcept>

#include "client.hpp"
#include "exec_template.hpp"
#include "http_reply.hpp"
#include "url.hpp"
#include "work.hpp"

namespace kettle::app {
namespace {

constexpr int fetch_begins = __LINE__;
task<std::string> fetch(std::string address) {
  url page = parse_url(address);
  stream peer = co_await connect(page.host, page.port);
  co_await peer.write(request_for(page));
  http_reply reply;
  std::array<char, 4096> buffer;
  while (!reply.done()) {
    if (auto n = co_await peer.read(buffer))
      reply.feed({buffer.data(), n});
    else
      reply.end();
  }
  reply.expect_success();
  co_return reply.body();
}
constexpr int fetch_lines = __LINE__ - fetch_begins - 1;

constexpr int execute_begins = __LINE__;
task<std::string> execute(std::string script, std::string item) {
  running_program here;
  auto status = co_await command(argv_of(script, item)).run();
  if (!status.ok()) throw std::runtime_error(status.text());
  co_return "done";
}
constexpr int execute_lines = __LINE__ - execute_begins - 1;

}  // namespace

task<std::string> do_item_later(const cell& c, std::string item) {
  switch (c.work) {
    case work_kind::fetch: co_return sha256(co_await fetch(item));
    case work_kind::fetch_and_compute: co_return digest(co_await fetch(item), c.passes);
    case work_kind::execute: co_return co_await execute(c.script, item);
    case work_kind::compute: break;
  }
  co_return compute(item);
}

int lines_of_coroutine_client(work_kind work) {
  return lines_of_parts(work, fetch_lines, execute_lines);
}

}  // namespace kettle::app
