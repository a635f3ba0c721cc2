#include <kettle/observe/doctor.hpp>

#include "loop/choose.hpp"
#include "observe/advice.hpp"
#include "sys/machine.hpp"
#include "sys/pages.hpp"
#include "sys/stream.hpp"

#include <kettle/base/error.hpp>

namespace kettle::inline KETTLE_ABI {

machine_report look_at_machine() {
  machine_report r;
  try {
    backend_choice choice = choose_backend();
    r.loop = name_of(choice.kind);
    r.loop_reason = choice.why;
    r.loop_forced = choice.forced;
  } catch (const usage_error& e) {  // a name that is none, or one that is denied
    r.loop_reason = e.what();
    r.loop_forced = true;
  }
  int denied = uring_denied_here();
  r.io_uring = denied == 0;
  if (denied) r.io_uring_denied = explain_denial(denied);

  r.kernel = sys::kernel_release();
  r.cores = sys::usable_cores();
  r.affinity_cores = sys::affinity_cores();
  r.cpu_quota = sys::cpu_quota();
  r.memory = sys::memory_limit();
  auto files = sys::open_files();
  r.files_soft = files.soft;
  r.files_hard = files.hard;
  r.fsgsbase = sys::has_fsgsbase();
  r.light_guards = sys::has_light_guards();
  r.pipes_nowait = sys::pipes_know_nowait();
  r.advice = advice_for(r);
  return r;
}

}  // namespace kettle::inline KETTLE_ABI
