#pragma once
// What is done for one item, with kettle's own waits.
//
//   std::string answer = do_item(c, item);                    // an ordinary function: fibers
//   std::string answer = co_await do_item_later(c, item);     // its twin: coroutines
//
// The ordinary one waits by kettle's operations with .get(), so it parks its fiber. Both throw what
// went wrong; both are as cancellable as their waits. client_plain.hpp is the third, without
// kettle.

#include <kettle/coro/task.hpp>
#include <string>

#include "cell.hpp"

namespace kettle::app {

std::string do_item(const cell& c, const std::string& item);
task<std::string> do_item_later(const cell& c, std::string item);

// The lines of code each of them needs, counted by the compiler where they stand.
int lines_of_client(work_kind work);
int lines_of_coroutine_client(work_kind work);
// Of a client whose two parts have so many.
int lines_of_parts(work_kind work, int fetch_lines, int execute_lines);

// Programs that run just now, and the most there were: one such object for each, as long as it
// runs.
class running_program {
 public:
  running_program();
  ~running_program();
  running_program(const running_program&) = delete;
  running_program& operator=(const running_program&) = delete;

  static int most_at_once();
};

}  // namespace kettle::app
