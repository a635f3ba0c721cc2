#pragma once
// The tasks below a scope as text: each with its name, what it waits for, and the lines its
// coroutines await at.

#include <kettle/core/scope.hpp>

#include <string>

namespace kettle::inline v0 {

std::string task_tree(const cancel_scope& root);

}  // namespace kettle::inline v0
