#include "output_file.hpp"

#include "bad_input.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace kettle::app;
namespace fs = std::filesystem;

namespace {

class output_file : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kettle-output-XXXXXX").string();
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

}  // namespace

TEST_F(output_file, is_written_whole_and_leaves_nothing_beside_it) {
  auto path = root_ + "/out.json";
  write_whole("--json", path, "first\n");
  write_whole("--json", path, "second\n");
  EXPECT_EQ(text_of(path), "second\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(output_file, follows_a_link_and_writes_to_a_device) {
  fs::create_symlink(root_ + "/real", root_ + "/link");
  write_whole("--json", root_ + "/link", "text\n");
  EXPECT_EQ(text_of(root_ + "/real"), "text\n");
  EXPECT_TRUE(fs::is_symlink(root_ + "/link"));
  write_whole("--json", "/dev/null", "text\n");
  EXPECT_EQ(complaint([] { write_whole("--json", "/dev/full", "text\n"); }),
            "--json /dev/full: No space left on device");
}

TEST_F(output_file, what_cannot_be_written_is_named_beforehand) {
  EXPECT_EQ(complaint([&] { check_writable("--json", root_); }),
            "--json " + root_ + ": Is a directory");
  EXPECT_EQ(complaint([&] { check_writable("--json", root_ + "/none/out"); }),
            "--json " + root_ + "/none/out: No such file or directory");
  EXPECT_EQ(complaint([&] { check_writable("--json", root_ + "/out"); }), "accepted");
  EXPECT_EQ(complaint([&] { check_writable("--json", "/dev/null"); }), "accepted");
  EXPECT_FALSE(fs::exists(root_ + "/out"));
}
