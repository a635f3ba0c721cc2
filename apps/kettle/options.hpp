#pragma once
// The command line, understood and checked: what to do, with every value in range.
//
//   request r = parse_command_line({"compare", "--url", "http://[::1]:80/", "--items", "20"});
//   r.verb == verb::compare;  r.compare.items == 20;
//
// Throws bad_input (exit_usage) with one line that names the thing. --help and --version come back
// as verb::show with the text to print.

#include "green.hpp"
#include "method.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace kettle::app {

enum class verb { show, compare, doctor, green };

struct compare_options {
  // At most one kind of own work; none: the built-in workloads.
  std::vector<std::string> urls;
  std::string url_file;
  std::string files;
  std::string exec;
  std::string input;  // of exec; empty: standard input

  std::vector<std::string> workloads;  // of the built-in ones; empty: all
  std::vector<method> methods;         // empty: the default ones
  std::optional<std::size_t> items;
  std::optional<std::size_t> width;
  int delay_ms = 20;
  double timeout_s = 10;
  int rounds = 5;
  std::string json;
  std::string html;

  bool own_urls() const { return !urls.empty() || !url_file.empty(); }
  bool own_work() const { return own_urls() || !files.empty() || !exec.empty(); }
};

struct doctor_options {
  bool json = false;
};

struct request {
  enum verb verb = verb::show;
  std::string text;  // of verb::show
  compare_options compare;
  doctor_options doctor;
  green_options green;
};

request parse_command_line(std::vector<std::string> arguments);

}  // namespace kettle::app
