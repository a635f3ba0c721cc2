#pragma once
// Starts the fork server of one pool.
//
//   server_process s;
//   if (start_server(s, memory, start_method::fork_server)) ...   // it has said hello
//
// If the program cannot be started again as a server (a plug-in in a foreign program, a file that
// is gone, an interpreter in front), the server is a fork of this process; said once on stderr.

#include "processes/memory.hpp"
#include "sys/fd.hpp"

#include <kettle/processes/process_pool.hpp>

#include <string>

namespace kettle::inline KETTLE_ABI {

struct server_process {
  pid_t pid = -1;
  sys::unique_fd pidfd, orders;
};

bool start_server(server_process& out, const shared_memory& memory, start_method how);
// Closes its orders: it kills its workers and ends. Blocks until then, and reaps it.
void end_server(server_process& s) noexcept;

// The file to execute for another copy of this program; empty: there is none.
std::string own_program();

}  // namespace kettle::inline KETTLE_ABI
