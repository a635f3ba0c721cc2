#include "doctor.hpp"

#include "bad_input.hpp"

#include <fmt/format.h>
#include <kettle/version.hpp>
#include <nlohmann/json.hpp>

namespace kettle::app {
namespace {

using json = nlohmann::ordered_json;

std::string yes_or(bool yes, const std::string& otherwise) { return yes ? "yes" : otherwise; }

std::string mebibytes(std::uint64_t bytes) { return fmt::format("{} MiB", bytes / (1024 * 1024)); }

std::string cores_of(const machine_report& r) {
  if (r.cpu_quota > 0)
    return fmt::format("{} usable: {} by affinity, a quota of {:.2f} CPUs", r.cores,
                       r.affinity_cores, r.cpu_quota);
  return fmt::format("{} usable by affinity, no quota", r.cores);
}

}  // namespace

std::string doctor_text(const machine_report& r) {
  std::string out;
  auto line = [&](std::string_view name, const std::string& value) {
    out += fmt::format("{:<12}{}\n", name, value);
  };
  line("kettle", kettle::version);
  line("loop",
       r.loop.empty() ? "none: " + r.loop_reason : fmt::format("{} ({})", r.loop, r.loop_reason));
  line("io_uring", yes_or(r.io_uring, "no: " + r.io_uring_denied));
  line("kernel", r.kernel);
  line("cores", cores_of(r));
  line("memory", mebibytes(r.memory));
  line("descriptors", fmt::format("{} at once, {} if raised", r.files_soft, r.files_hard));
  line("FSGSBASE", yes_or(r.fsgsbase, "no"));
  line("guard pages", r.light_guards ? "light" : "a mapping each");
  line("RWF_NOWAIT", yes_or(r.pipes_nowait, "not on pipes"));
  for (auto& sentence : r.advice) out += "- " + sentence + "\n";
  return out;
}

std::string doctor_json(const machine_report& r) {
  json out = {
      {"schema", "kettle.doctor/1"},
      {"kettle", kettle::version},
      {"loop",
       {{"backend", r.loop.empty() ? json() : json(r.loop)},
        {"reason", r.loop_reason},
        {"forced", r.loop_forced}}},
      {"io_uring", {{"usable", r.io_uring}, {"denied", r.io_uring_denied}}},
      {"kernel", r.kernel},
      {"cores", {{"usable", r.cores}, {"affinity", r.affinity_cores}, {"quota", r.cpu_quota}}},
      {"memory_bytes", r.memory},
      {"descriptors", {{"soft", r.files_soft}, {"hard", r.files_hard}}},
      {"fsgsbase", r.fsgsbase},
      {"light_guards", r.light_guards},
      {"pipes_nowait", r.pipes_nowait},
      {"advice", r.advice}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

int doctor(const doctor_options& options) {
  auto r = look_at_machine();
  fmt::print("{}", options.json ? doctor_json(r) : doctor_text(r));
  return r.loop.empty() ? exit_failed : exit_fine;
}

}  // namespace kettle::app
