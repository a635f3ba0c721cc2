#pragma once
// The processes below this one, as the kernel sees them just now: what they have used, and how many
// they are.
//
//   process_figures below = look_below();     // of a pool of processes: its workers and their
//   server

namespace kettle::app {

struct process_figures {
  int processes = 0;    // this one not counted
  double cpu_s = 0;     // of all of them, and of what they have run and waited for
  long memory_kib = 0;  // proportional: a page that n processes share counts for 1/n in each
};

process_figures look_below();

}  // namespace kettle::app
