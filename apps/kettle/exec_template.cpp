#include "exec_template.hpp"

#include "bad_input.hpp"

#include <fmt/format.h>

namespace kettle::app {
namespace {

[[noreturn]] void refuse(std::string_view command, std::string_view why) {
  throw bad_input(exit_usage, fmt::format("--exec '{}': {}", command, why));
}

}  // namespace

exec_template::exec_template(std::string_view command) {
  if (command.find('\0') != command.npos)
    throw bad_input(exit_usage, "--exec: the command has a NUL byte");
  if (command.find_first_not_of(" \t\n") == command.npos)
    throw bad_input(exit_usage, "--exec: the command is empty");

  char quote = 0;
  bool found = false;
  for (std::size_t i = 0; i < command.size(); i++) {
    char c = command[i];
    if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      script_ += c;
      script_ += command[++i];
    } else if (c == '{' && i + 1 < command.size() && command[i + 1] == '}') {
      if (quote != 0)
        refuse(command, "{} is a whole quoted word already: write it outside of quotes");
      script_ += "\"$1\"";
      found = true;
      i++;
    } else {
      if (quote == 0 && (c == '\'' || c == '"'))
        quote = c;
      else if (c == quote)
        quote = 0;
      script_ += c;
    }
  }
  if (!found) refuse(command, "there is no {} where the item should stand");
}

std::vector<std::string> argv_of(const std::string& script, const std::string& item) {
  return {"/bin/sh", "-c", script, "sh", item};
}

}  // namespace kettle::app
