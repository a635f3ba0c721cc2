#pragma once
// One line on a terminal that says how far compare is; nothing at all where there is none.
//
//   progress bar(stderr, 60);
//   bar.step("waiting: fibers, round 2");      // [#####...............] 15 of 60  waiting: ...
//   bar.clear();                               // before anything else is printed

#include <cstdio>
#include <string>
#include <string_view>

namespace kettle::app {

class progress {
 public:
  progress(std::FILE* out, int steps);               // asks whether `out` is a terminal
  progress(std::FILE* out, int steps, int columns);  // 0 columns: not a terminal
  ~progress() { clear(); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  void step(std::string_view what);
  void clear();

 private:
  std::FILE* out_;
  int steps_;
  int columns_;
  int done_ = 0;
  bool shown_ = false;
};

// The columns of the terminal behind a stream, 0 if it is none.
int terminal_columns(std::FILE* stream);

}  // namespace kettle::app
