#include "process_tree.hpp"

#include "child.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <string>

using namespace kettle::app;

namespace {

// A shell that answers every line it gets, so that the test knows how far it is.
std::string answer(child& shell, const std::string& line) {
  std::string out;
  if (::write(shell.input(), line.data(), line.size()) < 0) return out;
  for (char c; ::read(shell.output(), &c, 1) == 1 && c != '\n';) out += c;
  return out;
}

}  // namespace

TEST(process_tree, counts_children_and_grandchildren) {
  end_strays(0, 0);  // of other tests
  auto shell = child::start({"/bin/sh"});
  EXPECT_EQ(answer(shell, "sleep 600 & echo ready\n"), "ready");
  auto found = look_below();
  EXPECT_EQ(found.processes, 2);
  EXPECT_GT(found.memory_kib, 0);
  shell.end();
  end_strays(0, 0);  // the grandchild, if it came to us
  EXPECT_EQ(look_below().processes, 0);
}

TEST(process_tree, counts_their_cpu_and_that_of_what_they_waited_for) {
  auto shell = child::start({"/bin/sh"});
  EXPECT_EQ(answer(shell, "echo ready\n"), "ready");
  double before = look_below().cpu_s;
  answer(shell, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done\n");
  double looped = look_below().cpu_s;
  EXPECT_GT(looped, before);
  // The same in a child of the shell, which has ended by the time it answers.
  answer(shell, "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; echo done\n");
  EXPECT_GT(look_below().cpu_s, looped + 0.02);
}
