#include "examples.hpp"

#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

EXAMPLE(hello, 3)
EXAMPLE(map_files, 3)
EXAMPLE(one_channel, 3)
EXAMPLE(plain_threads, 3)
EXAMPLE(progress, 3)

namespace kettle::sweep {

namespace {

class silence {
 public:
  silence() {
    std::fflush(stdout);
    kept_ = ::dup(1);
    int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, 1);
    ::close(nowhere);
  }
  silence(const silence&) = delete;
  silence& operator=(const silence&) = delete;
  ~silence() {
    std::fflush(stdout);
    ::dup2(kept_, 1);
    ::close(kept_);
  }

 private:
  int kept_;
};

}  // namespace

void run_example(int (*main_of)(int, char**), cut& at) {
  silence here;
  at.allows(1h);  // what an example does when it is cut is its own business
  run(on_the_virtual_clock(), [&](nursery&) {
    struct until_cut {
      cut& at;
      ~until_cut() { at.ended(); }
    } end{at};
    auto act = [&] {
      at.begins();
      char program[] = "example", argument[] = SWEEP_FILES;
      char* argv[] = {program, argument, nullptr};
      main_of(2, argv);
    };
    bool finished = in_scope(at.scope, act).get();
    at.finished(finished);
  });
}

}  // namespace kettle::sweep
