#pragma once
// A process this program started, and can end: another kettle with a hidden verb, or any program.
//
//   child c = child::start({own_path(), "__responder", "20"});
//   use(c.output());                // its standard output
//   c.end();                        // kills its whole group and waits
//
// It has its own process group (so Ctrl-C at the terminal reaches only us, and its group can be
// killed as one), its standard input and output are pipes to us, everything else is closed on exec,
// and it dies when we die. Only processes started here are ever signalled. Not thread-safe.

#include <sys/types.h>
#include <string>
#include <vector>

namespace kettle::app {

std::string own_path();  // of the running program

class child {
 public:
  static child start(const std::vector<std::string>& argv);  // throws std::system_error

  child(child&& other) noexcept;
  child& operator=(child&&) = delete;
  ~child();  // end()

  pid_t pid() const { return pid_; }
  int input() const { return input_; }    // write here; what it reads
  int output() const { return output_; }  // read here; what it writes
  void close_input();

  void ask_to_end();  // SIGTERM
  void end();         // SIGKILL to its group, wait; nothing if it has ended already
  int wait();         // the wait status

 private:
  child(pid_t pid, int input, int output) : pid_(pid), input_(input), output_(output) {}

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int status_ = 0;
};

// From here on, whoever loses its parent below us becomes our child, so that it can be found.
void adopt_orphans();

// Ends every child of ours but the one named (0: none): asks, and after `grace_ms` kills.
void end_strays(pid_t but, int grace_ms);

// Reaps orphans that have ended, without waiting: a program that asks whether its group is gone
// would otherwise see our zombies in it.
void reap_orphans(pid_t but, pid_t nor);

std::string describe_status(int wait_status);  // "exit 3", "signal 9 (Killed)"

}  // namespace kettle::app
