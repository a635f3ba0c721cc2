#include "report_json.hpp"

#include "bad_input.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

using namespace kettle::app;
namespace fs = std::filesystem;

namespace {

class report_json : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kettle-json-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string root_;
};

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string complaint(auto call) {
  try {
    call();
  } catch (const bad_input& wrong) {
    return wrong.what();
  }
  return "accepted";
}

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

TEST_F(report_json, has_its_schema_and_every_figure) {
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

TEST_F(report_json, is_written_whole_and_leaves_nothing_beside_it) {
  auto path = root_ + "/out.json";
  write_json(path, "first\n");
  write_json(path, "second\n");
  EXPECT_EQ(text_of(path), "second\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(report_json, follows_a_link_and_writes_to_a_device) {
  fs::create_symlink(root_ + "/real", root_ + "/link");
  write_json(root_ + "/link", "text\n");
  EXPECT_EQ(text_of(root_ + "/real"), "text\n");
  EXPECT_TRUE(fs::is_symlink(root_ + "/link"));
  write_json("/dev/null", "text\n");
  EXPECT_EQ(complaint([] { write_json("/dev/full", "text\n"); }),
            "--json /dev/full: No space left on device");
}

TEST_F(report_json, what_cannot_be_written_is_named_beforehand) {
  EXPECT_EQ(complaint([&] { check_writable(root_); }), "--json " + root_ + ": Is a directory");
  EXPECT_EQ(complaint([&] { check_writable(root_ + "/none/out"); }),
            "--json " + root_ + "/none/out: No such file or directory");
  EXPECT_EQ(complaint([&] { check_writable(root_ + "/out"); }), "accepted");
  EXPECT_EQ(complaint([&] { check_writable("/dev/null"); }), "accepted");
  EXPECT_FALSE(fs::exists(root_ + "/out"));
}
