#include "core/face.hpp"

#include "base/sanitized.hpp"
#include "core/home.hpp"

#include <kettle/core/tasks.hpp>

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace kettle {
namespace {

std::size_t faces() {
  spin_guard here(home_face::all().lock);
  std::size_t n = 0;
  for (home_face* f = home_face::all().first; f; f = f->next()) n++;
  return n;
}

TEST(face, is_in_the_list_while_its_thread_lives) {
  home::here();
  std::size_t before = faces(), during = 0;
  std::thread([&] {
    home::here();
    during = faces();
  }).join();
  EXPECT_EQ(during, before + 1);
  EXPECT_EQ(faces(), before);
}

TEST(face, shows_the_name_that_the_thread_has_and_forgets_it_in_time) {
  home& here = home::here();
  auto* label = detail::text_block::make("a long name of a task that is not inline", 7);
  detail::text_block* outer = here.face().carry(here.thread(), label);
  char shown[16];
  std::size_t room = sizeof shown;
  EXPECT_TRUE(here.face().try_running(shown, room));
  EXPECT_EQ(std::string(shown, room), "a long name of a");
  EXPECT_EQ(here.face().carry(here.thread(), outer), label);
  detail::text_block::drop(label);
  room = sizeof shown;
  EXPECT_EQ(here.face().try_running(shown, room), outer && outer->size > 0);
}

// The others' threads are not there: nobody answers for them, and nobody waits for that.
TEST(face, of_a_forked_child_is_its_only_one) {
  if (KETTLE_TSAN) GTEST_SKIP() << "TSan wants no work in the fork of a threaded process";
  home::here();
  int result = -1;
  std::thread([&] {
    home::here();
    pid_t child = ::fork();
    if (child == 0) {
      home::here();  // the parent's is left
      std::string text;
      dump_tasks(text);
      ::_exit(faces() == 1 && text.find("no answer") == std::string::npos ? 0 : 1);
    }
    ::waitpid(child, &result, 0);
  }).join();
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace kettle
