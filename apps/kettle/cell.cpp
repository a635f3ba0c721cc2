#include "cell.hpp"

#include <fmt/format.h>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace kettle::app {
namespace {

using nlohmann::json;

template <class Read> auto parsed(const std::string& text, Read read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& wrong) {
    throw std::runtime_error(fmt::format("not a cell: {}", wrong.what()));
  }
}

}  // namespace

std::string escaped(const std::string& bytes) {
  std::string out;
  for (unsigned char c : bytes) {
    if (c < ' ' || c > '~' || c == '%')
      out += fmt::format("%{:02x}", c);
    else
      out += static_cast<char>(c);
  }
  return out;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i++) {
    unsigned value = 0;
    const char* at = text.data() + i;
    bool whole = text[i] == '%' && i + 2 < text.size() &&
                 std::from_chars(at + 1, at + 3, value, 16).ptr == at + 3;
    out += whole ? static_cast<char>(value) : text[i];
    if (whole) i += 2;
  }
  return out;
}

std::string to_json(const cell& c) {
  json out = {
      {"work", static_cast<int>(c.work)}, {"method", name_of(c.how)}, {"width", c.width},
      {"timeout_s", c.timeout_s},         {"passes", c.passes},       {"script", escaped(c.script)},
      {"most_told", c.most_told},         {"items", json::array()}};
  for (auto& item : c.items) out["items"].push_back(escaped(item));
  return out.dump();
}

cell cell_from_json(const std::string& text) {
  return parsed(text, [](const json& in) {
    cell c;
    c.work = static_cast<work_kind>(in.at("work").get<int>());
    auto how = method_named(in.at("method").get<std::string>());
    if (!how) throw std::runtime_error("not a cell: an unknown method");
    c.how = *how;
    c.width = in.at("width");
    c.timeout_s = in.at("timeout_s");
    c.passes = in.at("passes");
    c.script = unescaped(in.at("script"));
    c.most_told = in.at("most_told");
    for (auto& item : in.at("items")) c.items.push_back(unescaped(item));
    return c;
  });
}

std::string to_json(const cell_result& r) {
  json out = {{"startup_s", r.startup_s}, {"wall_s", r.wall_s},
              {"cpu_s", r.cpu_s},         {"peak_kib", r.peak_kib},
              {"threads", r.threads},     {"processes", r.processes},
              {"items", r.items},         {"failed", r.failed},
              {"answers", r.answers},     {"problem", escaped(r.problem)},
              {"failures", json::array()}};
  for (auto& f : r.failures)
    out["failures"].push_back({{"item", escaped(f.item)}, {"why", escaped(f.why)}});
  return out.dump();
}

cell_result result_from_json(const std::string& text) {
  return parsed(text, [](const json& in) {
    cell_result r;
    r.startup_s = in.at("startup_s");
    r.wall_s = in.at("wall_s");
    r.cpu_s = in.at("cpu_s");
    r.peak_kib = in.at("peak_kib");
    r.threads = in.at("threads");
    r.processes = in.at("processes");
    r.items = in.at("items");
    r.failed = in.at("failed");
    r.answers = in.at("answers");
    r.problem = unescaped(in.at("problem"));
    for (auto& f : in.at("failures"))
      r.failures.push_back({unescaped(f.at("item")), unescaped(f.at("why"))});
    return r;
  });
}

}  // namespace kettle::app
