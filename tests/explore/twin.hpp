#pragma once
// Twins: the library's own parts, compiled for the explorer, under every schedule that matters.
//
//   TWIN(event, set_wakes_who_waits) {                    // the body, called once a schedule
//     event e;
//     testing::thread setter("setter", [&] { e.set(); });
//     e.wait().get();
//   }
//   TWIN_FAILS(select, loses_an_item, "core/select_lost_wakeup") { ... }   // a fault still there
//
// Each is first exhausted (all schedules with at most two preemptions, without and with store
// buffers), and what time is left goes to rotating strategies. A TWIN that fails shows its
// schedule; a TWIN_FAILS that no longer does wants to become a TWIN.
//
// KETTLE_EXPLORE_SECONDS, KETTLE_EXPLORE_SCHEDULES: of each twin, else 1 and 100 000.
// KETTLE_EXPLORE_JSON: a file to which each twin adds a line of JSON.

#include <kettle/kettle.hpp>
#include <kettle/testing.hpp>

#include <gtest/gtest.h>

namespace kettle::twins {

// `fault`: the known one that it shows; null: it must not fail.
void run_twin(const char* part, const char* name, const char* fault, void (*body)());

}  // namespace kettle::twins

#define TWIN_OF(part, name, fault)                                                                 \
  namespace kettle::twins {                                                                        \
  static void part##_##name();                                                                     \
  }                                                                                                \
  TEST(part, name) { kettle::twins::run_twin(#part, #name, fault, kettle::twins::part##_##name); } \
  static void kettle::twins::part##_##name()

#define TWIN(part, name) TWIN_OF(part, name, nullptr)
#define TWIN_FAILS(part, name, fault) TWIN_OF(part, name, fault)
