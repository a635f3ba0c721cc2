#pragma once
// What a report says between its lines.
//
//   report.advice = advice_for(report);
//
// Pure: the facts go in, sentences come out.

#include <kettle/observe/doctor.hpp>

namespace kettle::inline KETTLE_ABI {

std::vector<std::string> advice_for(const machine_report& r);

}  // namespace kettle::inline KETTLE_ABI
