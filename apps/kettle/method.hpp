#pragma once
// The ways of doing several things that `kettle compare` compares, and their names.
//
//   method_named("fibers") == method::fibers;   name_of(method::threads) == "threads";

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kettle::app {

enum class method { sequential, threads, processes, coroutines, green, fibers };

inline constexpr std::array all_methods = {method::sequential, method::threads, method::processes,
                                           method::coroutines, method::green,   method::fibers};

// Those that are taken when nobody says; fibers only by name. green needs a library beside the
// program, which not every build has.
std::vector<method> default_methods(bool with_green);

std::string_view name_of(method m);
std::optional<method> method_named(std::string_view name);

// "sequential, threads, ..."
std::string method_names();

}  // namespace kettle::app
