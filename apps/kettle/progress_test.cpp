#include "progress.hpp"

#include <gtest/gtest.h>
#include <cstdlib>
#include <functional>

using namespace kettle::app;

namespace {

std::string printed(const std::function<void(std::FILE*)>& use) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  use(out);
  std::fclose(out);
  std::string copy(text, size);
  std::free(text);
  return copy;
}

}  // namespace

TEST(progress, says_nothing_where_there_is_no_terminal) {
  EXPECT_EQ(printed([](std::FILE* out) {
              progress bar(out, 3);
              bar.step("one");
            }),
            "");
}

TEST(progress, writes_one_line_over_itself_and_wipes_it) {
  EXPECT_EQ(printed([](std::FILE* out) {
              progress bar(out, 4, 80);
              bar.step("one");
              bar.step("two");
              bar.clear();
              bar.clear();
            }),
            "\r\033[K[######..................] 1 of 4  one"
            "\r\033[K[############............] 2 of 4  two\r\033[K");
}

TEST(progress, never_wraps_and_never_passes_its_end) {
  auto text = printed([](std::FILE* out) {
    progress bar(out, 1, 30);
    bar.step("a long description of what goes on");
    bar.step("more");
  });
  EXPECT_NE(text.find("[########################] 1 \r"), std::string::npos) << text;
  EXPECT_EQ(text.find("2 of 1"), std::string::npos);
}
