#pragma once
// `kettle doctor`: what kettle found on this machine, and what it chose because of it.

#include "options.hpp"

#include <kettle/observe/doctor.hpp>

#include <string>

namespace kettle::app {

// Prints it; the exit status is 1 when no loop can run here (a forced back end that is denied or
// unknown).
int doctor(const doctor_options& options);

std::string doctor_text(const machine_report& r);
std::string doctor_json(const machine_report& r);  // schema "kettle.doctor/1"

}  // namespace kettle::app
