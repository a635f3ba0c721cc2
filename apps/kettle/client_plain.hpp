#pragma once
// The client as it has been written for forty years: plain sockets and plain processes, blocking,
// with no kettle in it. Sequential, threads, processes and green run it unchanged.
//
//   std::string answer = do_job(jobs_of(c)[3]);
//
// Throws std::runtime_error with what went wrong; nothing takes longer than the job's timeout, but
// for a name server that does not answer.

#include "cell.hpp"

#include <string>
#include <vector>

namespace kettle::app {

// One item with all that is needed to do it, so that it can travel to another process.
struct job {
  work_kind work = work_kind::compute;
  double timeout_s = 10;
  std::size_t passes = 1;
  std::string script;
  std::string item;
};

std::vector<job> jobs_of(const cell& c);

std::string do_job(const job& j);

// The lines of code it needs, counted by the compiler where they stand.
int lines_of_plain_client(work_kind work);

}  // namespace kettle::app
