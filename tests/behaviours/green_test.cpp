// Bodies and children are ordinary functions in fibers, and they sleep in libc: the program links
// the green library, which parks them there. Real time only.
#include "suite.hpp"

#include <cerrno>
#include <ctime>

#define PLACE_NAME green
#define WHERE ::kettle::on_fiber
#define TASK(...) __VA_ARGS__
#define AWAIT(...) (__VA_ARGS__).get()
#define HERE(...) __VA_ARGS__
#define RET return
#define CALL(...) ::kettle::on_fiber(__VA_ARGS__)

namespace kettle::suite::PLACE_NAME {
namespace {

// A call that nothing but its scope can end early. It is told so by errno, since nothing is thrown
// through C, and its caller goes on with the cancellation.
template <class Call> class libc_wait {
 public:
  explicit libc_wait(Call call) : call_(call) {}
  void get() const { (*this)(); }
  void operator()() const {
    int error = call_();
    if (error == 0) return;
    EXPECT_TRUE(error == ECANCELED || error == ETIMEDOUT) << error;
    check_cancelled();
    ADD_FAILURE() << "ended by nobody";
  }

 private:
  Call call_;
};

timespec parts(duration d) { return {d.count() / 1'000'000'000, d.count() % 1'000'000'000}; }

// These hide kettle's own, in what is included below.
auto sleep_for(duration d) {
  return libc_wait([d] {
    timespec t = parts(d);
    return ::nanosleep(&t, nullptr) == 0 ? 0 : errno;
  });
}
auto sleep_until(time_point when) {
  return libc_wait([when] {
    timespec t = parts(when.time_since_epoch());
    return ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
  });
}
auto sleep_forever() {
  return libc_wait([] {
    int ends[2];
    if (::pipe(ends) != 0) return errno;
    char c;
    int error = ::read(ends[0], &c, 1) < 0 ? errno : 0;
    ::close(ends[0]), ::close(ends[1]);
    return error;
  });
}

}  // namespace
}  // namespace kettle::suite::PLACE_NAME

#include "cancellation.inc"
#include "nurseries.inc"
#include "only_fibers.inc"
#include "sync.inc"
