#pragma once
// One program with many ways to end: `ends_program WAY`. What it says goes to stdout.

#include <kettle/kettle.hpp>

#include <string_view>

namespace ends {

using way = void (*)();
// Called by the static initialisers of the other files.
struct entry {
  entry(std::string_view name, way what);
};

void say(std::string_view text);  // a line, at once
// Forks; in the child calls f and ends with status 7, or by what f does. Says how the child ended.
void fork_and(way f);
void say_end_of(int child);

}  // namespace ends

// WAY(name) { ... }
#define WAY(name)                                     \
  static void name();                                 \
  static const ends::entry name##_entry(#name, name); \
  static void name()
