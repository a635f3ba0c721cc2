#pragma once
// The one error the verbs throw at their user: a single clear line that names the thing, and the
// exit status that goes with it (2: the request was wrong, 1: the work failed).
//
//   throw bad_input(exit_usage, "--items: \"abc\" is not a whole number");

#include <stdexcept>
#include <string>

namespace kettle::app {

inline constexpr int exit_fine = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

class bad_input : public std::runtime_error {
 public:
  bad_input(int exit_status, const std::string& line)
      : std::runtime_error(line), exit_status_(exit_status) {}

  int exit_status() const { return exit_status_; }

 private:
  int exit_status_;
};

}  // namespace kettle::app
