#include "workloads.hpp"

#include "bad_input.hpp"
#include "work.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace kettle::app;
namespace fs = std::filesystem;

namespace {

class workloads : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kettle-work-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string file(const std::string& name, std::size_t bytes) {
    fs::create_directories(fs::path(root_ + "/" + name).parent_path());
    std::ofstream(root_ + "/" + name) << std::string(bytes, 'w');
    return root_ + "/" + name;
  }

  std::string root_;
};

using strings = std::vector<std::string>;

}  // namespace

TEST_F(workloads, samples_readable_files_of_a_useful_size_always_the_same) {
  auto b = file("b/two", 2000);
  auto a = file("a/one", 5000);
  file("a/tiny", 10);
  file("c/huge", 2 * 1024 * 1024);
  fs::create_symlink(a, root_ + "/a/link");
  EXPECT_EQ(sample_files(root_, 10), (strings{a, b}));
  EXPECT_EQ(sample_files(root_, 1), (strings{a}));
}

TEST_F(workloads, computing_mixes_files_and_numbers_and_lists_the_files) {
  auto a = file("a", 5000);
  auto b = file("b", 2000);
  auto w = computing_work(16, root_);
  EXPECT_EQ(w.items.size(), 16u);
  EXPECT_EQ(w.files, (strings{a, b}));
  EXPECT_EQ(std::ranges::count_if(w.items, [](auto& i) { return i.starts_with("fib "); }), 4);
  EXPECT_TRUE(w.same_answers);
  EXPECT_EQ(computing_work(1, root_).items.size(), 1u);
  EXPECT_EQ(computing_work(5, root_).items.size(), 5u);
}

TEST_F(workloads, computing_without_files_is_an_error_that_names_the_place) {
  try {
    computing_work(16, root_);
    FAIL();
  } catch (const bad_input& wrong) {
    EXPECT_EQ(wrong.what(), root_ + ": no readable file of 1 KiB to 1 MiB in it");
    EXPECT_EQ(wrong.exit_status(), exit_failed);
  }
}

TEST_F(workloads, urls_are_repeated_in_turn) {
  EXPECT_EQ(url_work({"u", "v"}, 5).items, (strings{"u", "v", "u", "v", "u"}));
  EXPECT_EQ(url_work({"u"}, std::nullopt).items.size(), 20u);
  EXPECT_EQ(url_work(strings(30, "u"), std::nullopt).items.size(), 30u);
  EXPECT_FALSE(url_work({"u"}, 1).same_answers);
}

TEST_F(workloads, own_files_are_taken_once_each) {
  auto a = file("a", 100);
  auto w = file_work({a, root_ + "/none"}, std::nullopt);
  ASSERT_EQ(w.items.size(), 2u);
  EXPECT_EQ(name_of_item(w.items[0]), a);
  EXPECT_EQ(name_of_item(w.items[1]), root_ + "/none");
  EXPECT_EQ(file_work({a, a, a}, 2).items.size(), 2u);
}

TEST_F(workloads, tiny_files_are_hashed_for_a_while_and_not_for_ever) {
  auto w = file_work({file("tiny", 2)}, std::nullopt);
  long passes = std::atol(w.items.at(0).substr(std::string("file ").size()).c_str());
  EXPECT_GT(passes, 1000);       // 0.2 s of a few microseconds each
  EXPECT_LT(passes, 5'000'000);  // as if they cost nothing
}

TEST_F(workloads, a_command_runs_for_the_first_so_many_lines) {
  auto w = exec_work("cat {}", {"a", "b", "c"}, 2);
  EXPECT_EQ(w.items, (strings{"a", "b"}));
  EXPECT_EQ(w.script, "cat \"$1\"");
}

TEST_F(workloads, the_width_follows_the_work_and_the_method) {
  cell_settings s{.width = {}, .timeout_s = 1, .cores = 4, .descriptors = 1024};
  EXPECT_EQ(default_width(work_kind::fetch, method::sequential, 200, s), 1u);
  EXPECT_EQ(default_width(work_kind::fetch, method::coroutines, 200, s), 200u);
  EXPECT_EQ(default_width(work_kind::fetch, method::fibers, 200, s), 200u);
  EXPECT_EQ(default_width(work_kind::fetch, method::threads, 200, s), 64u);
  EXPECT_EQ(default_width(work_kind::fetch, method::processes, 200, s), 64u);
  EXPECT_EQ(default_width(work_kind::compute, method::processes, 200, s), 4u);
  EXPECT_EQ(default_width(work_kind::fetch_and_compute, method::threads, 10, s), 10u);
  EXPECT_EQ(default_width(work_kind::compute, method::threads, 200, s), 4u);
  EXPECT_EQ(default_width(work_kind::compute, method::threads, 2, s), 2u);
  EXPECT_EQ(default_width(work_kind::compute, method::fibers, 5000, s), 5000u);
  EXPECT_EQ(default_width(work_kind::execute, method::coroutines, 200, s), 64u);
  // Not more than there are descriptors for.
  EXPECT_EQ(default_width(work_kind::fetch, method::coroutines, 5000, s), 960u);
}

TEST_F(workloads, a_wish_for_a_width_is_kept_but_sequential_is_one_at_a_time) {
  auto w = url_work({"u"}, 10);
  cell_settings s{.width = 3, .timeout_s = 0.5, .cores = 4, .descriptors = 1024};
  EXPECT_EQ(cell_for(w, method::threads, s).width, 3u);
  EXPECT_EQ(cell_for(w, method::sequential, s).width, 1u);
  EXPECT_DOUBLE_EQ(cell_for(w, method::threads, s).timeout_s, 0.5);
  s.width = 99;
  EXPECT_EQ(cell_for(w, method::fibers, s).width, 10u);
}
