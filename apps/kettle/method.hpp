#pragma once
// The ways of doing several things that `kettle compare` compares, and their names.
//
//   method_named("fibers") == method::fibers;   name_of(method::threads) == "threads";

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace kettle::app {

enum class method { sequential, threads, processes, coroutines, green, fibers };

// Those that this kettle has, and those it takes when nobody says.
inline constexpr std::array all_methods = {method::sequential, method::threads, method::processes,
                                           method::coroutines, method::fibers};
inline constexpr std::array default_methods = {
    method::sequential, method::threads, method::processes, method::coroutines, method::fibers};

std::string_view name_of(method m);
std::optional<method> method_named(std::string_view name);

// "sequential, threads, ..."
std::string method_names();

}  // namespace kettle::app
