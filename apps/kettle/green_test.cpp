#include "green.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using namespace kettle::app;
namespace fs = std::filesystem;

struct green_verb : testing::Test {
  fs::path folder;
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kettle-green-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    fs::permissions(folder / name, fs::perms::owner_all);
    return (folder / name).string();
  }
};

TEST_F(green_verb, finds_a_program_as_a_shell_would) {
  EXPECT_EQ(find_program("sh").substr(find_program("sh").rfind('/')), "/sh");
  EXPECT_EQ(find_program("/bin/sh"), "/bin/sh");
  EXPECT_EQ(find_program("no-such-program-anywhere"), "");
  EXPECT_EQ(find_program("./no-such-program"), "");
}

TEST_F(green_verb, reaches_programs_with_shared_libraries_and_their_scripts) {
  EXPECT_EQ(green_obstacle("/bin/sh"), "");
  EXPECT_EQ(green_obstacle(file("script", "#! /bin/sh -e\nexit 0\n")), "");
}

TEST_F(green_verb, names_what_cannot_be_reached) {
  std::string said = green_obstacle(file("text", "no program at all"));
  EXPECT_NE(said.find("nothing can be preloaded"), std::string::npos) << said;
  std::string other = file("other", "");
  fs::copy_file("/bin/sh", other, fs::copy_options::overwrite_existing);
  ASSERT_EQ(::chmod(other.c_str(), 04755), 0);
  EXPECT_NE(green_obstacle(other).find("rights of another"), std::string::npos);
}

TEST_F(green_verb, says_that_there_is_no_such_program) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_green({.command = {"no-such-program-anywhere"}}), 127);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "kettle: green: no-such-program-anywhere: there is no such program\n");
}

TEST_F(green_verb, says_that_a_file_cannot_be_run) {
  std::string text = file("text", "x");
  fs::permissions(text, fs::perms::owner_read);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_green({.command = {text}}), 126);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("Permission denied"), std::string::npos);
}

}  // namespace
