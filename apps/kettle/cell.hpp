#pragma once
// One measurement: so many items of one kind of work, by one method, once. And what came out.
//
//   cell c{.work = work_kind::fetch, .how = method::fibers, .width = 200, .items = {...}};
//   auto text = to_json(c);            // travels to a fresh process through a pipe
//   cell same = cell_from_json(text);
//
// Items may hold any bytes (file names, lines of input); what JSON could not carry is escaped.

#include "method.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace kettle::app {

enum class work_kind { fetch, compute, fetch_and_compute, execute };

struct cell {
  work_kind work = work_kind::compute;
  method how = method::sequential;
  std::size_t width = 1;       // how many items at once
  double timeout_s = 10;       // of one item
  std::size_t passes = 1;      // fetch_and_compute: how often a page is computed on
  std::string script;          // execute: see exec_template
  std::size_t most_told = 20;  // failures that are named in the result
  std::vector<std::string> items;
};

struct failure {
  std::string item;
  std::string why;
  friend bool operator==(const failure&, const failure&) = default;
};

struct cell_result {
  double startup_s = 0;  // of the pool or loop; not part of wall_s
  double wall_s = 0;
  double cpu_s = 0;
  long peak_kib = 0;
  int threads = 1;
  int processes = 1;
  std::size_t items = 0;  // that were done; fewer than were asked for when it was scaled
  std::size_t failed = 0;
  std::vector<failure> failures;  // the first of them, in the order of the items
  std::string answers;  // SHA-256 over all answers in order: equal work gives equal answers
  std::string problem;  // the cell itself broke: how
};

std::string to_json(const cell& c);
std::string to_json(const cell_result& r);
// Throw std::runtime_error for what is not such a text.
cell cell_from_json(const std::string& text);
cell_result result_from_json(const std::string& text);

// Any bytes as ASCII and back: %XX for '%', controls and everything beyond ASCII.
std::string escaped(const std::string& bytes);
std::string unescaped(const std::string& text);

}  // namespace kettle::app
