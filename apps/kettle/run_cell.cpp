#include "run_cell.hpp"

#include "child.hpp"
#include "sys/signals.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>

namespace kettle::app {
namespace {

using clock = std::chrono::steady_clock;

// A program that is told to stop may tidy up; core.md gives commands the same choice.
constexpr int grace_ms = 1000;
constexpr double slack_s = 60;  // starting, computing between the waits, a slow machine
constexpr double kill_s = 6;    // a command that ignores SIGTERM is killed after 5 s

enum class ending { finished, interrupted, too_late };

class conversation {
 public:
  conversation(child& peer, std::string text, interrupts& asked, double limit_s, pid_t responder)
      : peer_(peer),
        text_(std::move(text)),
        asked_(asked),
        limit_s_(limit_s),
        responder_(responder) {
    for (int fd : {peer.input(), peer.output()})
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  }

  ending talk() {
    auto start = clock::now();
    for (;;) {
      if (asked_.to_stop()) return ending::interrupted;
      double spent_s = std::chrono::duration<double>(clock::now() - start).count();
      if (limit_s_ > 0 && spent_s > limit_s_) return ending::too_late;
      int wait_ms = limit_s_ > 0 ? static_cast<int>((limit_s_ - spent_s) * 1000) + 1 : -1;
      std::array<pollfd, 3> wait = {pollfd{peer_.output(), POLLIN, 0},
                                    pollfd{asked_.fd(), POLLIN, 0},
                                    pollfd{peer_.input(), POLLOUT, 0}};
      // Only programs can leave orphans, and only they have somebody who waits for those to be
      // gone.
      constexpr int look_again_ms = 20;
      if (reaps()) wait_ms = look_again_ms, reap_orphans(peer_.pid(), responder_);
      if (::poll(wait.data(), wait.size(), wait_ms) < 0 && errno != EINTR) return ending::too_late;
      if (wait[2].revents != 0) say();
      if (wait[0].revents != 0 && !hear()) return ending::finished;
    }
  }

  const std::string& answer() const { return answer_; }

 private:
  bool reaps() const { return responder_ == 0; }
  void say() {
    sys::no_sigpipe guard;  // it may have ended without reading
    ssize_t n = ::write(peer_.input(), text_.data() + said_, text_.size() - said_);
    if (n > 0) said_ += static_cast<std::size_t>(n);
    bool broken = n < 0 && errno != EAGAIN && errno != EINTR;
    if (said_ == text_.size() || broken) peer_.close_input();
  }
  bool hear() {
    std::array<char, 16 * 1024> buffer;
    ssize_t n = ::read(peer_.output(), buffer.data(), buffer.size());
    if (n > 0) answer_.append(buffer.data(), static_cast<std::size_t>(n));
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
  }

  child& peer_;
  std::string text_;
  interrupts& asked_;
  double limit_s_;
  pid_t responder_;
  std::size_t said_ = 0;
  std::string answer_;
};

void end_gently(child& process) {
  process.ask_to_end();
  auto until = clock::now() + std::chrono::milliseconds(grace_ms);
  // WNOWAIT leaves it to be reaped by end(), so its number cannot have become someone else's.
  siginfo_t info{};
  while (clock::now() < until) {
    info.si_pid = 0;
    auto pid = static_cast<id_t>(process.pid());
    if (::waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) break;
    ::poll(nullptr, 0, 5);
  }
  process.end();
}

cell_result broken(std::string how) {
  cell_result r;
  r.problem = std::move(how);
  return r;
}

}  // namespace

double longest_s(const cell& c) {
  if (c.work == work_kind::compute) return 0;
  double turns = std::ceil(static_cast<double>(c.items.size()) /
                           static_cast<double>(std::max<std::size_t>(c.width, 1)));
  return turns * (c.timeout_s + kill_s) + slack_s;
}

std::optional<cell_result> run_cell(const cell& c, interrupts& asked, const cell_runner& how) {
  auto process = child::start(how.program);
  conversation talk(process, to_json(c), asked, longest_s(c), how.responder);
  auto ended = talk.talk();
  if (ended != ending::finished) {
    end_gently(process);
    end_strays(how.responder, grace_ms);
    if (ended == ending::interrupted) return std::nullopt;
    return broken(fmt::format("it did not end within {:.0f} s", longest_s(c)));
  }
  int status = process.wait();
  end_strays(how.responder, grace_ms);
  if (status != 0) return broken("its process ended with " + describe_status(status));
  try {
    return result_from_json(talk.answer());
  } catch (const std::runtime_error& wrong) {
    return broken(wrong.what());
  }
}

}  // namespace kettle::app
