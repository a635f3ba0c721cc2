// Theme: streams. Bytes go over socket pairs, pipes and connections between any two places, while
// single reads and writes, whole transfers and connects are cut short. None is lost or doubled.

#include "streams_transfer.hpp"
#include "ways.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace soak {

namespace {

constexpr int acts_each = 25;

struct traveller {
  static constexpr bool acts_end = true;
  chance random;
};

// On a loop, a fiber or a thread.
void start_somewhere(nursery& n, chance& random, task<> (*f)(transfer&), transfer& t) {
  switch (random(3)) {
    case 0: n.start(f, std::ref(t)); break;
    case 1: n.start(on_fiber, f, std::ref(t)); break;
    case 2: n.start(on_thread, f, std::ref(t)); break;
  }
}

using two_ends = std::pair<stream, stream>;

task<two_ends> socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
  stream first = stream::adopt(fds[0]);
  co_return two_ends(std::move(first), stream::adopt(fds[1]));
}
task<two_ends> pipe_pair() { co_return make_pipe(); }

task<two_ends> connected(std::string where) {
  listener door = co_await listen(where);
  const address to = door.where();
  auto [accepted, made] = co_await all(door.accept(), connect_to(to));
  co_return two_ends(std::move(accepted), std::move(made));
}
std::string some_unix_name() {
  static std::atomic<int> next{0};
  return "unix:@kettle-soak-" + std::to_string(::getpid()) + "-" + std::to_string(next++);
}
task<two_ends> over_tcp() { return connected("tcp:127.0.0.1:0"); }
task<two_ends> over_unix() { return connected(some_unix_name()); }

using connecting = task<two_ends> (*)();
constexpr connecting connections[] = {socket_pair, pipe_pair, over_tcp, over_unix};

task<> carry(traveller& w) {
  two_ends ends = co_await w.random.of(connections)();
  transfer t(std::move(ends), w.random);
  chance random = w.random.branch();
  auto body = [&](nursery& n) {
    start_somewhere(n, random, write_to_end, t);
    start_somewhere(n, random, read_to_end, t);
  };
  co_await with_nursery(body);
  check(t.read == t.total && t.written == t.total, "every byte arrives");
}

// The reader goes early: the writer is told, or had sent everything into the buffers.
task<> read_and_leave(transfer& t) {
  const std::size_t enough = t.for_reader(unsigned(t.total) + 1);
  while (t.read < enough) {
    const std::string got = co_await read_some(t);
    if (got.empty()) break;
    t.take(got);
  }
  t.in.close();
}
task<> write_until_refused(transfer& t) {
  try {
    co_await write_to_end(t);
  } catch (const write_error& e) {
    check(e.code() == std::errc::broken_pipe || e.code() == std::errc::connection_reset,
          "a writer without a reader is told so");
  }
}
task<> leave_early(traveller& w) {
  two_ends ends = co_await w.random.of(connections)();
  transfer t(std::move(ends), w.random);
  chance random = w.random.branch();
  auto body = [&](nursery& n) {
    start_somewhere(n, random, write_until_refused, t);
    start_somewhere(n, random, read_and_leave, t);
  };
  co_await with_nursery(body);
}

// The writer goes early: the reader gets the rest, then the end.
task<> write_and_leave(transfer& t) {
  t.total = t.for_writer(unsigned(t.total) + 1);
  while (t.content.at(t.total) == '\n') t.total++;
  co_await write_to_end(t);
}
task<> stop_early(traveller& w) {
  two_ends ends = co_await w.random.of(connections)();
  transfer t(std::move(ends), w.random);
  chance random = w.random.branch();
  auto body = [&](nursery& n) {
    start_somewhere(n, random, write_and_leave, t);
    start_somewhere(n, random, read_to_end, t);
  };
  co_await with_nursery(body);
  check(t.read == t.written, "a writer's end comes after its last byte");
}

// Closed while it is waited for: whoever waits, or comes later, is told.
task<> until_closed(stream& s, bool reads, bool& told) {
  char bytes[4096] = {};
  try {
    for (;;) {
      if (reads)
        (void)co_await s.read(std::span<char>(bytes));
      else
        co_await s.write(std::string_view(bytes, sizeof bytes));
    }
  } catch (const closed_resource&) {
    told = true;
  }
}
task<> close_under_a_wait(traveller& w) {
  two_ends ends = co_await w.random.of(connections)();
  const bool reads = w.random.one_in(2);
  stream& closed = reads ? ends.first : ends.second;
  const duration moment = w.random.moment();
  bool told = false;
  auto body = [&](nursery& n) -> task<> {
    n.start(until_closed, std::ref(closed), reads, std::ref(told));
    co_await sleep_for(moment);
    closed.close();
  };
  co_await with_nursery(body);
  check(told, "a wait ends when its stream is closed");
}

// Clients that may give up, and one at last that does not: who got through is met once.
struct visitors {
  explicit visitors(std::size_t n) : connected(n), met(n) {}
  std::vector<char> connected;
  std::vector<char> met;
};
constexpr unsigned char last_one = 255;

task<> visit_once(visitors& v, address to, unsigned char number, duration patience) {
  auto door = co_await move_on_after(patience, connect_to(to));
  if (!door) co_return;
  if (number != last_one) v.connected[number] = 1;
  const std::string name(1, char(number));
  co_await door->write(name);
}
task<> receive_visitors(visitors& v, listener& door, chance random) {
  for (;;) {
    auto peer = co_await move_on_after(random.moment(), door.accept());
    if (!peer) continue;
    const std::string name = co_await peer->read_some(1);
    if (name.empty()) continue;  // it gave up
    const auto number = static_cast<unsigned char>(name[0]);
    if (number == last_one) co_return;
    check(!v.met[number]++, "a peer is accepted once");
  }
}
task<> accept_some(traveller& w) {
  constexpr unsigned clients = 6;
  visitors v(clients);
  chance random = w.random.branch();
  const std::string where = random.one_in(2) ? "tcp:127.0.0.1:0" : some_unix_name();
  listener door = co_await listen(where);
  const address to = door.where();
  auto knock = [&](nursery& n) {
    for (unsigned i = 0; i < clients; i++)
      n.start(visit_once, std::ref(v), to, static_cast<unsigned char>(i), random.moment());
  };
  auto body = [&](nursery& n) -> task<> {
    n.start(receive_visitors, std::ref(v), std::ref(door), random.branch());
    co_await with_nursery(knock);
    co_await visit_once(v, to, last_one, duration::max());
  };
  co_await with_nursery(body);
  check(v.met == v.connected, "who has connected is accepted, and nobody else");
}

constexpr act<traveller> acts[] = {
    {"carry", carry},
    {"leave_early", leave_early},
    {"stop_early", stop_early},
    {"close_under_a_wait", close_under_a_wait},
    {"accept_some", accept_some},
};

task<> work(std::atomic<long>& operations, chance random, int) {
  traveller w{random};
  co_await act_at_random(w, acts, acts_each);
  operations += acts_each;
}

// Sockets and pipes that are open; what a loop sleeps on is neither.
long open_ends() {
  long n = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string what = std::filesystem::read_symlink(entry, gone);
    n += what.starts_with("socket:") || what.starts_with("pipe:");
  }
  return n;
}

report round(std::uint64_t seed) {
  const long before = open_ends();
  chance random(seed);
  std::atomic<long> operations{0};
  run([&](nursery& n) { from_everywhere(n, operations, work, random); });
  const long after = open_ends();
  check_equal(after, before, "every socket and pipe is closed");
  return {operations, std::to_string(after) + " ends open"};
}

}  // namespace

constexpr theme streams{"streams", round};

}  // namespace soak
