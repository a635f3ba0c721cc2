#pragma once
// Whether this process may open as many descriptors as the work wants at once.
//
//   if (auto line = too_few_descriptors(w, settings, methods); !line.empty()) complain(line);
//
// Each cell raises its own limit as far as the hard one allows; this is about the hard one.

#include "workloads.hpp"

#include <string>
#include <vector>

namespace kettle::app {

// How many items may be open at once; the rest is for everything else.
std::size_t room_for_items(std::size_t descriptors);

// One line when the limit narrows what these methods would do by themselves; empty: it does not.
// Throws bad_input (exit_usage) when a width was asked for that cannot be had.
std::string too_few_descriptors(const workload& w, const cell_settings& settings,
                                const std::vector<method>& methods);

}  // namespace kettle::app
