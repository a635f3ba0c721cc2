#include "twin.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

namespace kettle::twins {

namespace {

double number_of(const char* variable, double otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::atof(text) : otherwise;
}

struct budget {
  double seconds = number_of("KETTLE_EXPLORE_SECONDS", 1);
  double schedules = number_of("KETTLE_EXPLORE_SCHEDULES", 100'000);

  testing::options part(double share, testing::strategy how, testing::memory_model weak) const {
    testing::options o;
    o.strategy = how;
    o.weak = weak;
    o.time = std::chrono::nanoseconds(std::int64_t(seconds * share * 1e9));
    o.seeds = std::uint64_t(schedules * share);
    return o;
  }
  void spend(const testing::exploration& e) {
    seconds -= std::chrono::duration<double>(e.took).count();
    schedules -= double(e.schedules);
  }
  bool left() const { return seconds > 0 && schedules >= 1; }
};

class report {
 public:
  report(const char* part, const char* name, const char* fault)
      : part_(part), name_(name), fault_(fault ? fault : "") {}
  void add(const char* strategy, const testing::exploration& e) {
    const char* file = std::getenv("KETTLE_EXPLORE_JSON");
    if (!file || !*file) return;
    nlohmann::json row = {{"part", part_},
                          {"twin", name_},
                          {"strategy", strategy},
                          {"schedules", e.schedules},
                          {"points", e.points},
                          {"seconds", std::chrono::duration<double>(e.took).count()},
                          {"exhausted", e.exhausted},
                          {"bound", e.bound},
                          {"failures", e.failed ? 1 : 0}};
    if (!fault_.empty()) row["fault"] = fault_;
    if (e.failed) row["kind"] = e.kind, row["message"] = e.message, row["seed"] = e.seed;
    std::string line = row.dump() + "\n";
    std::FILE* out = std::fopen(file, "a");
    if (!out) return;
    std::fwrite(line.data(), 1, line.size(), out);
    std::fclose(out);
  }

 private:
  std::string part_, name_, fault_;
};

}  // namespace

void run_twin(const char* part, const char* name, const char* fault, void (*body)()) {
  struct stage {
    const char* name;
    double share;  // of what is left
    testing::strategy how;
    testing::memory_model weak;
  };
  // The samplers first for a moment: what they find, they find at once.
  constexpr stage stages[] = {
      {"rotate, tso", 0.1, testing::rotate, testing::tso},
      {"dfs(2)", 0.5, testing::dfs(2), testing::sequential},
      {"dfs(2), tso", 0.7, testing::dfs(2), testing::tso},
      {"rotate, tso", 1.0, testing::rotate, testing::tso},
  };
  budget b;
  report r(part, name, fault);
  bool exhausted = true;
  for (const stage& s : stages) {
    bool last = &s == std::end(stages) - 1;
    if (!b.left() || (last && exhausted)) break;
    auto options = b.part(s.share, s.how, s.weak);
    testing::exploration e = testing::explore(options, body);
    b.spend(e);
    r.add(s.name, e);
    if (s.how.how == testing::strategy::kind::dfs) exhausted &= e.exhausted;
    if (std::getenv("KETTLE_EXPLORE_VERBOSE")) std::printf("%s: %s\n", s.name, e.text().c_str());
    if (e.failed && !fault) {
      ADD_FAILURE() << part << '.' << name << ", " << s.name << ": " << e;
      return;
    }
    if (e.failed) return;
  }
  if (fault)
    ADD_FAILURE() << part << '.' << name << " shows " << fault
                  << " no longer: if that is mended, make it a TWIN";
}

}  // namespace kettle::twins
