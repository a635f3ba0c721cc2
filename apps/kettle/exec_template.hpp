#pragma once
// The command of --exec: `{}` becomes one quoted word, whatever the item holds.
//
//   exec_template count("wc -w < {}");
//   argv_of(count.script(), "a b; rm -rf $HOME");
//   // /bin/sh -c 'wc -w < "$1"' sh 'a b; rm -rf $HOME'
//
// The item is never pasted into the script: it travels as the shell's first argument, and "{}" is
// replaced by "$1" in quotes. So even a spelling this class misjudges cannot run a word of it.

#include <string>
#include <string_view>
#include <vector>

namespace kettle::app {

class exec_template {
 public:
  // Throws bad_input (exit_usage): no command, no {}, {} inside quotes, a NUL.
  explicit exec_template(std::string_view command);

  const std::string& script() const { return script_; }

 private:
  std::string script_;
};

// The program and its arguments for one item of such a script.
std::vector<std::string> argv_of(const std::string& script, const std::string& item);

}  // namespace kettle::app
