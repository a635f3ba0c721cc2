#pragma once
// The tasks below a scope as text: each with its name, what it waits for, and the lines its
// coroutines await at. Threads: while every home of the scope's run sleeps, or on the only one.

#include <kettle/core/scope.hpp>

#include <string>

namespace kettle::inline KETTLE_ABI {

std::string task_tree(const cancel_scope& root);
// The first of them whose wait can end with an error of its own ends so; false: there is none.
bool give_up_one(const cancel_scope& root) noexcept;

}  // namespace kettle::inline KETTLE_ABI
