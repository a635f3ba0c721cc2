#pragma once
// Who asks the system for which names, for all threads together.
//
//   resolver::answer a = co_await names.ask("example.org");
//
// getaddrinfo may take its time and cannot be ended, so each question has a thread of its own, at
// most `width` of them at once. One that nobody waits for any more is left behind and counts no
// more: names that hang, and are given up, hold up nobody. Its thread stays until the system
// answers, so there are at most `most_threads` in all; further questions wait for their turn. Who
// asks for a name that is being asked for shares the answer.
//
// Cancellation: at once. Threads: any. The program may end while a question is open.

#include <kettle/coro/task.hpp>
#include <kettle/io/address.hpp>
#include <kettle/sync/event.hpp>

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <sys/types.h>

namespace kettle::inline KETTLE_ABI {

class resolver {
 public:
  struct answer {
    std::vector<address> found;      // ports are 0
    int code = 0, error_number = 0;  // getaddrinfo's, and errno for EAI_SYSTEM
  };
  struct limits {
    std::uint32_t width = 8;
    std::uint32_t most_threads = 64;
  };
  using look_up = answer (*)(const std::string& host);

  explicit resolver(look_up f) noexcept : resolver(f, limits()) {}
  resolver(look_up f, limits l) noexcept : look_up_(f), limits_(l) {}
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;
  ~resolver();  // waits for the threads

  task<answer> ask(std::string host);
  std::uint32_t threads() const;

 private:
  struct question;
  struct asking;
  using question_ptr = std::shared_ptr<question>;

  static void* body(void* p);
  question_ptr join(const std::string& host);
  void leave(question& q) noexcept;
  void settle(question& q) noexcept;
  bool is_open(const question& q) const noexcept;
  // With the lock held:
  void start_what_may() noexcept;
  void start(question& q) noexcept;
  void forget_the_parent_s() noexcept;

  const look_up look_up_;
  const limits limits_;
  mutable std::mutex lock_;
  std::condition_variable none_runs_;
  std::map<std::string, question_ptr> open_;  // being asked, or waiting for their turn
  std::list<question*> waiting_;
  std::uint32_t running_ = 0;
  std::uint32_t awaited_ = 0;  // of the running
  pid_t process_ = 0;          // whose threads these are
};

}  // namespace kettle::inline KETTLE_ABI
