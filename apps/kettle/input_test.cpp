#include "input.hpp"

#include "bad_input.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

using namespace kettle::app;
namespace fs = std::filesystem;

namespace {

class input : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kettle-input-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string file(const std::string& name, std::string_view text) {
    fs::create_directories(fs::path(root_ + "/" + name).parent_path());
    std::ofstream(root_ + "/" + name, std::ios::binary) << text;
    return root_ + "/" + name;
  }

  static std::string complaint(auto read) {
    try {
      read();
    } catch (const bad_input& wrong) {
      EXPECT_EQ(wrong.exit_status(), exit_usage);
      return wrong.what();
    }
    return "accepted";
  }

  std::string root_;
};

using lines = std::vector<std::string>;

}  // namespace

TEST_F(input, lines_are_items_and_empty_lines_are_none) {
  EXPECT_EQ(lines_of("--input", file("a", "one\n\n two \nthree")),
            (lines{"one", " two ", "three"}));
}

TEST_F(input, urls_drop_comments_and_blanks) {
  EXPECT_EQ(urls_of("--url-file", file("a", "# all\n http://a/ \r\n\nhttp://b/\n")),
            (lines{"http://a/", "http://b/"}));
}

TEST_F(input, an_empty_list_is_an_error_that_names_it) {
  auto path = file("a", "\n\n");
  EXPECT_EQ(complaint([&] { lines_of("--input", path); }),
            "--input " + path + ": the list is empty");
  path = file("b", "# nothing\n");
  EXPECT_EQ(complaint([&] { urls_of("--url-file", path); }),
            "--url-file " + path + ": the list is empty");
}

TEST_F(input, what_cannot_be_read_is_named) {
  EXPECT_EQ(complaint([&] { lines_of("--input", root_ + "/none"); }),
            "--input " + root_ + "/none: No such file or directory");
  EXPECT_EQ(complaint([&] { lines_of("--input", root_); }),
            "--input " + root_ + ": it is a directory");
}

TEST_F(input, a_nul_is_refused_with_its_line) {
  auto path = file("a", std::string_view("one\nt\0wo\n", 9));
  EXPECT_EQ(complaint([&] { lines_of("--input", path); }),
            "--input " + path + ": line 2 has a NUL byte");
}

TEST_F(input, a_directory_gives_its_regular_files_sorted) {
  file("d/b", "");
  file("d/a/c", "");
  fs::create_directory_symlink(root_, root_ + "/d/loop");
  EXPECT_EQ(files_of(root_ + "/d"), (lines{root_ + "/d/a/c", root_ + "/d/b"}));
}

TEST_F(input, a_pattern_gives_what_it_matches) {
  file("d/one.txt", "");
  file("d/two.txt", "");
  file("d/two.bin", "");
  EXPECT_EQ(files_of(root_ + "/d/*.txt"), (lines{root_ + "/d/one.txt", root_ + "/d/two.txt"}));
  EXPECT_EQ(files_of(root_ + "/d/two.bin"), (lines{root_ + "/d/two.bin"}));
}

TEST_F(input, no_files_is_an_error_that_names_the_place) {
  fs::create_directory(root_ + "/empty");
  EXPECT_EQ(complaint([&] { files_of(root_ + "/empty"); }),
            "--files " + root_ + "/empty: there is no regular file in it");
  EXPECT_EQ(complaint([&] { files_of(root_ + "/x*"); }),
            "--files " + root_ + "/x*: no such file, and no file matches it");
}
