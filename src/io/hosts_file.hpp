#pragma once
// The names that this machine's administrator has written down: /etc/hosts.
//
//   if (asks_files_first(nsswitch)) found = in_hosts(hosts, "printer");     // texts of the files
//
// They are looked at before the resolver is asked, as it would do itself: so a name of this file is
// answered although every thread of the resolver waits for a server that says nothing. Threads:
// any.

#include <kettle/io/address.hpp>

#include <string_view>
#include <vector>

namespace kettle::inline KETTLE_ABI {

// Whether /etc/nsswitch.conf has "files" before anything that asks a network; without a line for
// hosts it has.
bool asks_files_first(std::string_view nsswitch);
// In the order of the file; upper and lower case are the same. Ports are 0.
std::vector<address> in_hosts(std::string_view hosts, std::string_view name);

}  // namespace kettle::inline KETTLE_ABI
