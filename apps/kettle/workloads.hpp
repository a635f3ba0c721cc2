#pragma once
// What is done by every method: the built-in work, made on the spot, and the user's own.
//
//   workload w = computing_work(std::nullopt);     // sized so that sequential takes about a second
//   cell c = cell_for(w, method::threads, {.cores = 2});

#include "cell.hpp"
#include "responder.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kettle::app {

struct workload {
  std::string name;
  std::string title;  // one line: what it is
  work_kind work = work_kind::compute;
  std::vector<std::string> items;
  std::size_t passes = 1;
  std::string script;
  bool same_answers = true;        // whoever does it must get the same
  std::vector<std::string> files;  // that were chosen
};

struct cell_settings {
  std::optional<std::size_t> width;
  double timeout_s = 10;
  int cores = 1;
  std::size_t descriptors = 1024;  // this process may open
};

workload waiting_work(const responder& pages, int delay_ms, std::optional<std::size_t> items);
workload mixed_work(const responder& pages, int delay_ms, std::optional<std::size_t> items);
// Throws bad_input when there is no readable file under `root`.
workload computing_work(std::optional<std::size_t> items, const std::string& root = "/usr/share");
workload url_work(const std::vector<std::string>& urls, std::optional<std::size_t> items);
workload file_work(std::vector<std::string> files, std::optional<std::size_t> items);
workload exec_work(const std::string& command, std::vector<std::string> lines,
                   std::optional<std::size_t> items);

// How many at once when nobody says: all for coroutines, green and fibers; for threads and
// processes 64 that wait or one a core that computes; programs run 64 at once by every method.
std::size_t default_width(work_kind work, method how, std::size_t items,
                          const cell_settings& settings);

cell cell_for(const workload& w, method how, const cell_settings& settings);

// Up to `most` readable files of a useful size below `root`, the same ones every time.
std::vector<std::string> sample_files(const std::string& root, std::size_t most);

}  // namespace kettle::app
