#include <kettle/processes/errors.hpp>

#include <cstring>

namespace kettle::inline KETTLE_ABI {

namespace {

std::string describe_death(const worker_died::facts& f) {
  std::string text = "worker " + std::to_string(f.worker) + " (pid " + std::to_string(f.pid) + ") ";
  if (f.signal)
    text += "was killed by signal " + std::to_string(f.signal) + " (" + ::strsignal(f.signal) + ")";
  else
    text += "called exit, status " + std::to_string(f.exit_code) + ",";
  return text + " while it ran task " + std::to_string(f.task) + "; peak memory " +
         std::to_string(f.peak_rss_bytes >> 20) + " MiB";
}

}  // namespace

worker_died::worker_died(const facts& f) : std::runtime_error(describe_death(f)), how(f) {}

remote_error::remote_error(std::string type_name, const std::string& text)
    : std::runtime_error(type_name + ": " + text), type(std::move(type_name)) {}

}  // namespace kettle::inline KETTLE_ABI
