// kettle, the program: finds the verb and runs it. Each verb has a file of its own.

#include "bad_input.hpp"
#include "compare.hpp"
#include "doctor.hpp"
#include "green.hpp"
#include "guard.hpp"
#include "measure.hpp"
#include "numbers.hpp"
#include "options.hpp"
#include "responder.hpp"

#include <fmt/format.h>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace kettle::app;

int run(const std::vector<std::string>& arguments) {
  // Processes that kettle starts of itself; no user types these.
  if (arguments.size() == 1 && arguments[0] == cell_verb) return serve_cell(0, 1);
  if (arguments.size() > 1 && arguments[0] == guard_verb)
    return guard({arguments.begin() + 1, arguments.end()});
  if (arguments.size() == 2 && arguments[0] == responder_verb)
    return serve_pages(static_cast<int>(whole_number("delay", arguments[1], 0, 60'000)), 0, 1);

  auto request = parse_command_line(arguments);
  switch (request.verb) {
    case verb::show: fmt::print("{}", request.text); return exit_fine;
    case verb::compare: return compare(request.compare);
    case verb::doctor: return doctor(request.doctor);
    case verb::green: return run_green(request.green);
  }
  return exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const bad_input& wrong) {
    fmt::print(stderr, "kettle: {}\n", wrong.what());
    return wrong.exit_status();
  } catch (const std::exception& wrong) {
    fmt::print(stderr, "kettle: {}\n", wrong.what());
    return exit_failed;
  }
}
