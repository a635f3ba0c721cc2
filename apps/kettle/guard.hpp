#pragma once
// A process between kettle and a cell that runs the user's programs: whatever happens to kettle,
// SIGKILL included, no program stays behind.
//
//   auto p = child::start({own_path(), guard_verb, own_path(), cell_verb});
//
// It passes SIGTERM on, ends as its program ends, and leaves what that left behind to kettle. When
// nobody reads its standard output any more, kettle is gone: then it kills all below it.

#include <string>
#include <vector>

namespace kettle::app {

inline constexpr const char* guard_verb = "__guard";

// Runs that program and guards it; returns an exit status, or ends by the program's signal.
int guard(const std::vector<std::string>& program);

}  // namespace kettle::app
