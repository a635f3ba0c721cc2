// with_site PROGRAM ARGS...: runs a program while the small web of site.hpp stands, and ends with
// its status.

#include "site.hpp"

#include <kettle/coro/all.hpp>
#include <kettle/coro/run.hpp>
#include <kettle/io/command.hpp>

#include <cstdio>

using namespace kettle;

static task<int> run_program(std::vector<std::string> argv, std::string hosts) {
  command program(std::move(argv));
  exit_status s = co_await program.env("FETCH_HOSTS", hosts).run();
  if (s.signal) std::fprintf(stderr, "with_site: %s\n", s.text().c_str());
  co_return s.signal ? 128 + s.signal : s.code;
}

static task<int> main_task(std::vector<std::string> argv) {
  listener door = co_await listen("tcp:127.0.0.1:0");
  auto body = [&](nursery& n) -> task<int> {
    n.start(as_service, site::serve, std::ref(n), std::ref(door));
    int status = co_await run_program(argv, "*=" + door.where().text());
    n.cancel("the program has ended");
    co_return status;
  };
  int status = 1;
  auto keep = [&](nursery& n) -> task<> { status = co_await body(n); };
  co_await with_nursery(keep);
  co_return status;
}

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: with_site PROGRAM ARGS...\n"), 2;
  return run(main_task, std::vector<std::string>(argv + 1, argv + argc));
}
