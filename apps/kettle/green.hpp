#pragma once
// kettle green -- PROGRAM [ARGUMENTS]: an unmodified program, its threads run as fibers.
//
//   return run_green({.command = {"python3", "serve.py"}});    // becomes the program, or fails
//
// The work is done by libkettle_green.so, which is preloaded into the program; here it is found,
// and what cannot be preloaded into is said, once, before the program runs plainly.

#include <string>
#include <vector>

namespace kettle::app {

struct green_options {
  std::vector<std::string> command;
};

// The library that belongs to this kettle: beside the program's folder, in lib. Empty: this build
// has none.
std::string green_library();

// Why preloading cannot reach the program at `path`; empty when it can.
std::string green_obstacle(const std::string& path);

// The file a shell would run for `name`; empty when there is none.
std::string find_program(const std::string& name);

// Does not return when the program could be started; otherwise 127 (there is none), 126 (it cannot
// be run).
int run_green(const green_options& options);

}  // namespace kettle::app
