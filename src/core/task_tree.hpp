#pragma once
// Tasks as text: each with its name, where it runs, what it waits for, the lines its coroutines
// await at, and why it is cancelled. One line each; linear in all of them.
//
// Threads: the home's own, or any while every home of the scope's run sleeps.

#include <kettle/core/scope.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace kettle::inline KETTLE_ABI {

// Those below a scope.
std::string task_tree(const cancel_scope& root);
// Those on the current thread's home; empty: there are none but the thread itself, in its own code.
std::string tasks_here(home& here);
// Those below a scope that keep it open: they do not merely wait for others of it. At most so many;
// `more` counts the rest. The threads that some of them run on are appended to `threads`.
std::string who_keeps_open(const cancel_scope& root, std::size_t most, std::size_t& more,
                           std::vector<int>& threads);
// The first of them whose wait can end with an error of its own ends so; false: there is none.
bool give_up_one(const cancel_scope& root) noexcept;

}  // namespace kettle::inline KETTLE_ABI
