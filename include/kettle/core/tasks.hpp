#pragma once
// Looking at tasks: the one that runs here, and all of them.
//
//   n.start(name("request " + id), handle, std::move(peer));
//   log("{}: no answer", current_task().name);     // in handle, and in all that runs for it
//   dump_tasks();                                  // what each task waits for, and where: stderr
//
// A task is what `start` began, or the thread itself. What a form (all, race, first_of) or a call
// in a place (on_thread(f), pool(f)) runs for a task is that task, wherever it runs: it has its
// name and number. The number counts named tasks from the start of the program; one without a name
// gets its own when it is first asked for.
//
// Threads: any, also those that kettle knows nothing of.

#include <kettle/base/text.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace kettle::inline KETTLE_ABI {

struct task_info {
  std::string_view name;  // empty: it has none; valid while the task runs
  std::uint64_t id;
};
task_info current_task();

// Each thread that uses kettle tells of the tasks on it: name, place, what it waits for at which
// lines, why it is cancelled, who holds the lock it wants. One that does not answer within 100 ms
// is named with the task that it runs. Under SIGQUIT a run prints the same.
void dump_tasks();
void dump_tasks(std::string& out);  // appends

namespace detail {

struct start_options;
// The label of a task that is started so; null: it has none.
text_block* label_for(const start_options& o);

}  // namespace detail

}  // namespace kettle::inline KETTLE_ABI
