#include "bodies.hpp"

#include <kettle/io/dns.hpp>
#include <kettle/io/signals.hpp>
#include <kettle/kettle.hpp>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kettle::tests {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

void check(bool right, const char* what) {
  if (!right) throw lost(what);
}

std::string in_folder(const char* name) {
  fs::path mine = folder_of(::getpid());
  fs::create_directories(mine);
  return mine / name;
}

std::string some_text(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; i++) text[i] = char('a' + i % 23);
  return text;
}
std::string on_disk(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

task<int> later(int n) {
  co_await sleep_for(200us);
  co_return n;
}
int square(int n) { return n * n; }
int slow_square(int n) {
  sleep_for(200us).get();
  return n * n;
}
std::string twice(std::string text) { return text + text; }
int blocking_line(int fd) {
  char byte;
  return int(::read(fd, &byte, 1));
}

void timers() {
  int sum = run([](nursery& n) -> task<int> {
    auto a = n.start(later, 1), b = n.start(later, 2);
    bool ended = co_await move_on_after(300us, sleep_forever());
    check(!ended, "a sleep without an end ended");
    co_return co_await a + co_await b;
  });
  check(sum == 3, "the sum of two children");
}

task<> echo(stream peer) {
  std::array<char, 4096> buffer;
  while (std::size_t n = co_await peer.read(std::span(buffer)))
    co_await peer.write(std::string_view(buffer.data(), n));
}
task<> serve_one(listener& door) { co_await echo(co_await door.accept()); }

task<> serve_all(listener& door) {
  auto accept_each = [&](nursery& n) -> task<> {
    for (;;) n.start(echo, co_await door.accept());
  };
  co_await with_nursery(accept_each);
}

task<std::string> call_echo(std::string where, const std::string& text) {
  stream s = co_await connect(where);
  auto talk = [&](nursery& n) -> task<std::string> {
    auto answer = n.start([&]() -> task<std::string> { co_return co_await s.read_all(); });
    co_await s.write(text);
    check(s.last_written() == text.size(), "write has ended and not written all");
    s.shutdown();
    co_return co_await answer;
  };
  co_return co_await with_nursery(talk);
}

void echo_over(const char* where) {
  const std::string text = some_text(100'000);
  std::string answer = run([&]() -> task<std::string> {
    std::string place = where;
    if (place == "unix") place = "unix:" + in_folder("door");
    listener door = co_await listen(place);
    if (place.starts_with("tcp")) place = "tcp:127.0.0.1:" + std::to_string(door.port());
    auto both = [&](nursery& n) -> task<std::string> {
      n.start(serve_one, std::ref(door));
      co_return co_await call_echo(place, text);
    };
    co_return co_await with_nursery(both);
  });
  check(answer == text, "the echo is another text");
}
void tcp() { echo_over("tcp:127.0.0.1:0"); }
void tcp_everywhere() { echo_over("tcp:0"); }
void unix_sockets() {
  echo_over("unix");
  // Nobody can be told that it could not be removed; the next listener takes its place.
  check(met_one() || !fs::exists(in_folder("door")), "the listener's file has stayed");
}

// The file of a killed process is replaced.
void unix_file_left_behind() {
  std::string path = in_folder("left");
  address at = address::path(path);
  int former = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::bind(former, static_cast<const sockaddr*>(at.data()), at.size());
  ::close(former);
  struct file {
    std::string path;
    ~file() { fs::remove(path); }
  } mine{path};
  run([&]() -> task<> {
    listener door = co_await listen("unix:" + path);
    stream s = co_await connect("unix:" + path);
  });
}

void several_addresses() {
  run([]() -> task<> {
    listener door = co_await listen("tcp:127.0.0.1:0");
    std::vector<address> twice(2, *address::ip("127.0.0.1", door.port()));
    auto both = [&](nursery& n) -> task<> {
      n.start(as_service, serve_all, std::ref(door));
      stream s = co_await connect(twice);
      co_await s.write("hello");
      s.shutdown();
      check(co_await s.read_all() == "hello", "the echo is another text");
    };
    co_await with_nursery(both);
  });
}

void files() {
  const std::string text = some_text(600'000), path = in_folder("file");
  run([&]() -> task<> {
    co_await write_file(path, text);
    check(on_disk(path) == text, "what write_file has written");
    check(co_await read_file(path) == text, "what read_file has read");
  });
}

void file_at_offsets() {
  const std::string text = some_text(50'000), path = in_folder("offsets");
  run([&]() -> task<> {
    file f = co_await open_file(path, file_mode::read_write);
    co_await f.write(text, 0);
    co_await f.write(text, 1000);
    check(on_disk(path) == text.substr(0, 1000) + text, "what write has written");
    check(co_await f.size() == 51'000, "the size");
    std::string got(60'000, ' ');
    std::size_t all = 0;
    while (std::size_t n = co_await f.read(std::span(got).subspan(all), std::int64_t(all)))
      all += n;
    check(got.substr(0, all) == text.substr(0, 1000) + text, "what read has read");
  });
  fs::remove(path);
}

task<std::string> all_of(stream& from, std::size_t bytes) {
  co_return co_await from.read_exactly(bytes);
}

void pipes() {
  const std::string text = some_text(200'000);
  run([&]() -> task<> {
    auto [out, in] = make_pipe();
    auto both = [&](nursery& n) -> task<> {
      auto got = n.start(all_of, std::ref(out), text.size());
      co_await in.write(text);
      in.close();
      check(co_await got == text, "what came through the pipe");
    };
    co_await with_nursery(both);
    check((co_await out.read_some()).empty(), "the end of the pipe");
  });
}

// As standard input is: somebody else's, and it blocks.
void blocking_pipe() {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  struct closing {
    int fd;
    ~closing() { ::close(fd); }
  } writing{ends[1]};
  const std::string text = some_text(10'000);
  run([&]() -> task<> {
    stream out = stream::adopt(ends[0]);
    auto both = [&](nursery& n) -> task<> {
      auto got = n.start(all_of, std::ref(out), text.size());
      co_await writable(writing.fd);
      stream in = stream::adopt(::dup(writing.fd));
      co_await in.write(text);
      check(co_await got == text, "what came through the pipe");
    };
    co_await with_nursery(both);
  });
}

void fifo() {
  std::string path = in_folder("fifo"), text = some_text(20'000);
  ::mkfifo(path.c_str(), 0600);
  struct file_of_ours {
    std::string path;
    ~file_of_ours() { fs::remove(path); }
  } mine{path};
  run([&](nursery& n) -> task<> {
    auto written = n.start(write_file, path, text);
    // Until it has found nobody who reads.
    while (is_armed() && counted(index_of("stat")) == 0) co_await sleep_for(1ms);
    auto got = n.start(read_file, path);
    co_await written;
    check(co_await got == text, "what came through the FIFO");
  });
}

void names() {
  auto found =
      run([]() -> task<std::vector<address>> { co_return co_await resolve("kettle.example", 80); });
  check(found.size() == 1 && found[0].text() == "127.0.0.1:80", "the address");
}

void signals() {
  int got = run([]() -> task<int> {
    signal_receiver both({SIGUSR1, SIGUSR2});
    ::raise(SIGUSR1);
    co_return (co_await both.next()).value_or(0);
  });
  check(got == SIGUSR1, "the signal");
}

void commands() {
  const std::string text = some_text(100'000);
  run([&]() -> task<> {
    captured c = co_await command("cat").input(text).capture();
    check(c.status.ok() && c.out == text && c.err.empty(), "what cat has put out");
    exit_status s = co_await command("false").run();
    check(s.code == 1, "the status of false");
  });
}

void command_that_is_cancelled() {
  run([]() -> task<> {
    auto late = command("sleep", "0.3").grace(5ms).run();
    co_await move_on_after(5ms, std::move(late));
  });
}
// Somebody of its group is left, and is looked for before he ends.
void command_with_children() {
  const std::string fifo = in_folder("wait"), begun = in_folder("begun");
  fs::remove(fifo), fs::remove(begun);
  ::mkfifo(fifo.c_str(), 0600);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> both_ends(std::fopen(fifo.c_str(), "r+e"),
                                                            std::fclose);
  auto release = [&]() -> task<> {
    while (is_armed() && counted(index_of("opendir")) == 0) co_await sleep_for(1ms);
    std::fputs("\n", both_ends.get());
    std::fflush(both_ends.get());
  };
  auto has_begun = [&]() -> task<> {
    while (!fs::exists(begun)) co_await sleep_for(1ms);
  };
  run([&](nursery& n) -> task<> {
    n.start(as_service, release);
    std::string script = "trap '' TERM; read x <" + fifo + " & : >" + begun + "; exit 0";
    auto late = [](std::string text) -> task<> {
      co_await command("sh", "-c", text).grace(10s).capture();
    };
    co_await race(late(script), has_begun());
  });
}

void threads() {
  thread_pool pool({.workers = 2});
  auto one = pool.start(slow_square, 3);
  auto all = pool.map(slow_square, std::vector<int>{1, 2, 3, 4});
  int sum = 0;
  for (int n : all) sum += n;
  check(sum == 30 && one.get() == 9, "the squares");
}

void places() {
  int sum = run([](nursery& n) -> task<int> {
    auto a = n.start(on_thread, slow_square, 1), b = n.start(on_cores, slow_square, 2);
    auto c = n.start(on_fiber, slow_square, 3);
    co_return co_await a + co_await b + co_await c + co_await on_thread(square, 4);
  });
  check(sum == 30, "the squares");
}

// A blocking call of the program's own, ended from outside.
void interrupted_thread() {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  struct closing {
    int* fds;
    ~closing() { ::close(fds[0]), ::close(fds[1]); }
  } both{ends};
  run([&]() -> task<> {
    auto blocked = [&](nursery& n) { n.start(interruptible, on_thread, blocking_line, ends[0]); };
    co_await move_on_after(2ms, with_nursery(blocked));
  });
}

void plain_threads() {
  channel<int> c(1);
  int sum = 0;
  std::thread feeds([to = c.sender()]() mutable {
    for (int i = 1; i <= 4; i++) {
      sleep_for(100us).get();
      to.send(i).get();
    }
  });
  auto from = c.receiver();
  for (int i = 0; i < 4; i++) sum += from.next().get().value_or(0);
  feeds.join();
  check(sum == 10, "what came through the channel");
}

void fibers() {
  fiber_pool pool({.at_once = 3});
  auto all = pool.map(slow_square, std::vector<int>{1, 2, 3, 4});
  int sum = 0;
  for (int n : all) sum += n;
  check(sum == 30, "the squares");
}

void fibers_on_older_kernel() {
  take_light_guards_away();
  fibers();
}

void processes_by(start_method how) {
  process_pool pool({.workers = 1, .start = how});
  auto small = pool.start(square, 3);
  const std::string text = some_text(300'000);
  auto large = pool.start(twice, text);
  check(small.get() == 9, "the square");
  check(large.get() == text + text, "the large text");
  auto larger = pool.start(twice, text + text);
  check(larger.get().size() == 1'200'000, "the larger text");
}
void processes() { processes_by(start_method::fork_server); }
void forked_processes() { processes_by(start_method::fork); }

constexpr body all_bodies[] = {
    {"timers", timers, "futex_wait"},
    {"tcp", tcp,
     "socket setsockopt bind listen getsockname accept4 getpeername recv send shutdown"},
    {"tcp on every address", tcp_everywhere, "socket setsockopt bind listen"},
    {"unix sockets", unix_sockets, "socket bind listen lstat unlink recv send"},
    {"a unix file left behind", unix_file_left_behind, "bind connect lstat open flock unlink"},
    {"several addresses", several_addresses, "socket recv send"},
    {"files", files, "open fstat read pwrite pthread_create close_written"},
    {"a file at offsets", file_at_offsets, "open fstat"},
    {"pipes", pipes, "pipe2 preadv2 pwritev2"},
    {"a pipe that blocks", blocking_pipe, "fstat poll"},
    {"a FIFO", fifo, "open stat"},
    {"names", names, "open read getaddrinfo pthread_create"},
    {"signals", signals, ""},
    {"commands", commands, "open pipe2 posix_spawnp pidfd_open waitid preadv2 pwritev2"},
    {"a cancelled command", command_that_is_cancelled, "posix_spawnp pidfd_open waitid"},
    {"a command with children", command_with_children, "posix_spawnp opendir openat"},
    {"a pool of threads", threads, "pthread_create futex_wait", true},
    {"places", places, "pthread_create mmap madvise"},
    {"an interrupted thread", interrupted_thread, "pthread_create futex_wait"},
    {"plain threads", plain_threads, "futex_wait", true},
    {"fibers", fibers, "mmap madvise", true},
    {"fibers on an older kernel", fibers_on_older_kernel, "mmap mprotect", true},
    {"processes", processes,
     "memfd_create ftruncate fcntl_seal mmap mremap socketpair posix_spawnp", true},
    {"forked processes", forked_processes, "fork socketpair fcntl_copy pidfd_open ppoll", true},
    {"the choice of a back end", pipes, "io_uring_setup", true},
};

}  // namespace

std::span<const body> bodies() { return all_bodies; }

}  // namespace kettle::tests
