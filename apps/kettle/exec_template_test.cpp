#include "exec_template.hpp"

#include "bad_input.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cstdio>
#include <string>

using namespace kettle::app;

namespace {

std::string complaint(std::string_view command) {
  try {
    exec_template made(command);
  } catch (const bad_input& wrong) {
    EXPECT_EQ(wrong.exit_status(), exit_usage);
    return wrong.what();
  }
  return "accepted";
}

// What the command really prints when the shell runs it for this item.
std::string output_of(std::string_view command, const std::string& item) {
  auto words = argv_of(exec_template(command).script(), item);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return "no pipe";
  pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], 1);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t n; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return text;
}

}  // namespace

TEST(exec_template, the_item_travels_beside_the_script) {
  exec_template count("wc -w < {}");
  EXPECT_EQ(count.script(), "wc -w < \"$1\"");
  EXPECT_EQ(argv_of(count.script(), "a b").back(), "a b");
}

TEST(exec_template, nothing_in_an_item_is_interpreted) {
  for (std::string item :
       {"a  b", "$(echo no)", "`echo no`", "$HOME", "; echo no", "' \"; echo no #", "*", "-n",
        "\\n", "a\nb", "~", "{}", "\xff\xfe", "$1", "\"$1\""})
    EXPECT_EQ(output_of("printf '<%s>' {}", item), "<" + item + ">");
}

TEST(exec_template, the_rest_of_the_command_is_ordinary_shell) {
  EXPECT_EQ(output_of("printf '%s,' {} x{} | tr a-z A-Z", "ab c"), "AB C,XAB C,");
  EXPECT_EQ(output_of("printf %s \\{} {}", "i"), "{}i");
}

TEST(exec_template, refuses_a_command_that_cannot_take_an_item) {
  EXPECT_EQ(complaint("echo"), "--exec 'echo': there is no {} where the item should stand");
  EXPECT_EQ(complaint("echo \"{}\""),
            "--exec 'echo \"{}\"': {} is a whole quoted word already: write it outside of quotes");
  EXPECT_EQ(complaint("echo '{}'"),
            "--exec 'echo '{}'': {} is a whole quoted word already: write it outside of quotes");
  EXPECT_EQ(complaint(" "), "--exec: the command is empty");
  EXPECT_EQ(complaint(std::string_view("echo \0 {}", 9)), "--exec: the command has a NUL byte");
}
