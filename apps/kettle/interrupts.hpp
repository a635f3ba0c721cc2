#pragma once
// Ctrl-C and SIGTERM as something to look at, instead of something that strikes.
//
//   interrupts asked;                  // from here on they only make asked.fd() readable
//   poll(... asked.fd() ...);
//   if (asked.to_stop()) { tidy(); asked.end_by_it(); }   // the shell sees 130 or 143
//
// Blocks both signals for the process; make it before any thread starts.

namespace kettle::app {

class interrupts {
 public:
  interrupts();
  ~interrupts();
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;

  int fd() const { return fd_; }
  bool to_stop();  // never waits

  // Ends this process by the signal it was asked with; returns if there was none.
  void end_by_it();

 private:
  int fd_ = -1;
  int signal_ = 0;
};

}  // namespace kettle::app
