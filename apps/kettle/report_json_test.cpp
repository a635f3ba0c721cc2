#include "report_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace kettle::app;

namespace {

workload_report sample() {
  workload_report r;
  r.work.name = "files";
  r.work.files = {"/a/\xff"};
  r.items = 1;
  r.rounds_wanted = r.rounds_run = r.rounds_kept = 1;
  r.verdict = "A sentence.";
  method_row good;
  good.measured = true;
  good.walls = {2};
  good.wall = summarise(good.walls);
  good.cpu = good.wall;
  good.speedup = summarise({1});
  good.items = 1;
  good.scaled = true;
  method_row broken;
  broken.how = method::threads;
  broken.problem = "exit 1";
  broken.failures = {{"x", "gone"}};
  r.rows = {good, broken};
  return r;
}

}  // namespace

TEST(report_json, has_its_schema_and_every_figure) {
  auto out =
      nlohmann::json::parse(json_of({sample()}, {.version = "1", .kernel = "6.1", .cores = 2}));
  EXPECT_EQ(out["schema"], "kettle.compare/2");
  EXPECT_EQ(out["machine"]["cores"], 2);
  auto& w = out["workloads"][0];
  EXPECT_EQ(w["name"], "files");
  EXPECT_EQ(w["files"].size(), 1u);
  EXPECT_EQ(w["verdict"], "A sentence.");
  EXPECT_EQ(w["rounds"]["kept"], 1);
  EXPECT_EQ(w["methods"][0]["wall_s"]["median"], 2.0);
  EXPECT_EQ(w["methods"][0]["rounds_s"].size(), 1u);
  EXPECT_EQ(w["methods"][0]["items"], 1);
  EXPECT_EQ(w["methods"][0]["scaled"], true);
  EXPECT_TRUE(w["methods"][0]["problem"].is_null());
  EXPECT_EQ(w["methods"][1]["measured"], false);
  EXPECT_EQ(w["methods"][1]["problem"], "exit 1");
  EXPECT_EQ(w["methods"][1]["failures"][0]["why"], "gone");
}
