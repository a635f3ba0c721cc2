#include "options.hpp"

#include "bad_input.hpp"
#include "exec_template.hpp"
#include "numbers.hpp"
#include "url.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <kettle/version.hpp>

namespace kettle::app {
namespace {

constexpr std::array<std::string_view, 3> workload_names = {"waiting", "computing", "mixed"};
constexpr std::int64_t most_items = 1'000'000;

constexpr const char* main_footer = R"(Examples:
  kettle compare                       three workloads, every way, a table and a verdict
  kettle compare --url http://host/    the same with your own pages
  kettle green -- python3 serve.py     an unmodified program, its threads run as fibers
  kettle doctor                        what kettle found on this machine)";

constexpr const char* compare_footer =
    R"(The work (at most one kind; none: three workloads made on the spot):
  waiting     200 pages over HTTP from kettle's own responder, each answered after 20 ms
  computing   SHA-256 and word counts over real files of /usr/share, and recursive Fibonacci
  mixed       100 pages fetched as in waiting, then computed on

The ways:
  sequential  one item after the other
  threads     a pool of threads
  processes   a pool of worker processes
  coroutines  on one thread; the client is written anew, with co_await
  green       a std::thread for each item, all of them fibers of one kernel thread
  fibers      kettle's own, on one thread; only by --methods
sequential, threads, processes and green run one blocking client, which knows nothing of kettle.

How many at once, unless --width says: all for coroutines, green and fibers; for threads and
processes 64 that wait, or one a usable core that compute. What would take over 30 s is measured
on 200 items, scaled, and marked with ~.

Examples:
  kettle compare
  kettle compare --workload waiting --items 1000 --delay 50
  kettle compare --url http://127.0.0.1:8000/ --items 100 --methods sequential,coroutines
  kettle compare --url-file urls.txt --timeout 5 --json result.json --html result.html
  kettle compare --files '/usr/share/doc/*/copyright'
  ls *.gz | kettle compare --exec 'gzip -t {}'

In --exec, {} is one word, quoted whatever it holds; the output of the commands is dropped.
Own URLs are asked once before the rounds; those that fail are named and left out.
Exit status: 0 fine, 1 some work failed, 2 the command line was wrong; 130 after Ctrl-C, with the
table of what was done by then. The JSON is described in docs/compare-json.md.)";

constexpr const char* green_help =
    R"(Usage: kettle green -- PROGRAM [ARGUMENTS]

Runs PROGRAM with its threads as fibers of one kernel thread: pthread_create makes a fiber, and a
call that would block parks it while the others go on. The program is not changed, nor are its
descriptors. A program that only computes gains nothing: it has one core.

What the machine or the program lacks is said once, and then it runs plainly.

Environment of PROGRAM:
  KETTLE_GREEN=off         its threads stay threads
  KETTLE_GREEN_STACK=KIB   stack of a thread that asked for no size (default: 256)
  KETTLE_GREEN_VERBOSE=1   says how it waits
  KETTLE_BACKEND=epoll     does without io_uring

Exit status: that of PROGRAM; 126 if it cannot be run, 127 if there is none.
)";

[[noreturn]] void refuse(const std::string& line) { throw bad_input(exit_usage, line); }

// As typed, before any of it is checked.
struct raw_compare {
  std::vector<std::string> methods, workloads;
  std::string items, width, delay, timeout, rounds;
};

void describe_compare(CLI::App& verb, compare_options& out, raw_compare& raw) {
  verb.footer(compare_footer);
  verb.add_option("--url", out.urls, "an http URL to fetch (may be given again)")
      ->type_name("U")
      ->allow_extra_args(false);
  verb.add_option("--url-file", out.url_file, "a file of URLs, one a line")->type_name("F");
  verb.add_option("--files", out.files, "files to hash and count: below DIR, or matching GLOB")
      ->type_name("DIR|GLOB");
  verb.add_option("--exec", out.exec, "a shell command to run for each line of the input")
      ->type_name("'CMD {}'");
  verb.add_option("--input", out.input, "the lines for --exec (default: standard input)")
      ->type_name("F");
  verb.add_option("--workload", raw.workloads, "waiting, computing, mixed (default: all)")
      ->type_name("W,...")
      ->allow_extra_args(false);
  verb.add_option("--methods", raw.methods, method_names() + " (default: all but fibers)")
      ->type_name("M,...")
      ->allow_extra_args(false);
  verb.add_option("--items", raw.items, "how many items (URLs are repeated in turn)")
      ->type_name("N");
  verb.add_option("--width", raw.width, "how many at once")->type_name("N");
  verb.add_option("--delay", raw.delay, "when kettle's responder answers (default: 20)")
      ->type_name("MS");
  verb.add_option("--timeout", raw.timeout, "the longest one item may take (default: 10)")
      ->type_name("S");
  verb.add_option("--rounds", raw.rounds, "how often everything is measured (default: 5)")
      ->type_name("N");
  verb.add_option("--json", out.json, "also write the result to this file")->type_name("F");
  verb.add_option("--html", out.html, "also write one page with bars and verdicts to this file")
      ->type_name("F");
}

std::vector<std::string> split(const std::vector<std::string>& lists) {
  std::vector<std::string> words;
  for (auto& list : lists) {
    std::size_t from = 0;
    for (auto comma = list.find(','); comma != list.npos; comma = list.find(',', from)) {
      words.push_back(list.substr(from, comma - from));
      from = comma + 1;
    }
    words.push_back(list.substr(from));
  }
  return words;
}

void take_methods(compare_options& out, const std::vector<std::string>& lists) {
  if (lists.empty()) return;
  out.methods.clear();
  for (auto& name : split(lists)) {
    auto m = method_named(name);
    if (!m)
      refuse(fmt::format("--methods: \"{}\" is not a method here: there are {}", name,
                         method_names()));
    if (std::ranges::find(out.methods, *m) == out.methods.end()) out.methods.push_back(*m);
  }
}

void take_workloads(compare_options& out, const std::vector<std::string>& lists) {
  for (auto& name : split(lists)) {
    if (std::ranges::find(workload_names, name) == workload_names.end())
      refuse(fmt::format("--workload: \"{}\" is not a workload: there are {}", name,
                         fmt::join(workload_names, ", ")));
    if (std::ranges::find(out.workloads, name) == out.workloads.end())
      out.workloads.push_back(name);
  }
}

void take_numbers(compare_options& out, const raw_compare& raw) {
  auto count = [](const char* option, const std::string& text) {
    return static_cast<std::size_t>(whole_number(option, text, 1, most_items));
  };
  if (!raw.items.empty()) out.items = count("--items", raw.items);
  if (!raw.width.empty()) out.width = count("--width", raw.width);
  if (!raw.delay.empty())
    out.delay_ms = static_cast<int>(whole_number("--delay", raw.delay, 0, 60'000));
  if (!raw.timeout.empty()) out.timeout_s = seconds("--timeout", raw.timeout, 0.001, 86'400);
  if (!raw.rounds.empty())
    out.rounds = static_cast<int>(whole_number("--rounds", raw.rounds, 1, 1000));
}

void check_together(const CLI::App& verb, const compare_options& o) {
  auto given = [&](const char* option) { return verb.get_option(option)->count() > 0; };
  for (const char* option : {"--url", "--url-file", "--files", "--exec", "--input", "--json",
                             "--html", "--items", "--width", "--delay", "--timeout", "--rounds"})
    if (given(option) && verb.get_option(option)->results().back().empty())
      refuse(fmt::format("{}: the value is empty", option));
  int kinds = (given("--url") || given("--url-file")) + given("--files") + given("--exec");
  if (kinds > 1) refuse("--url, --files and --exec are different kinds of work: give one of them");
  if (given("--input") && !given("--exec"))
    refuse(
        "--input: its lines are for --exec, which is "
        "missing");
  if (given("--workload") && o.own_work())
    refuse(
        "--workload chooses among the built-in ones: leave it out with --url, --files or "
        "--exec");
  if (given("--delay") && o.own_work())
    refuse("--delay is for kettle's own responder: it does not go with --url, --files or --exec");
  for (auto& address : o.urls) parse_url(address);
  if (!o.exec.empty()) exec_template checked(o.exec);
}

void check_verb(const std::vector<std::string>& arguments) {
  if (arguments.empty())
    refuse(
        "say what to do: kettle compare, kettle green, kettle doctor (kettle --help tells more)");
  auto& first = arguments[0];
  if (first.starts_with("-") || first == "compare" || first == "doctor" || first == "green") return;
  refuse(
      fmt::format("\"{}\" is not something kettle can do: there are compare, green and doctor "
                  "(kettle --help tells more)",
                  first));
}

// CLI11's own sentences name the option; some of them span lines.
std::string one_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (auto at = line.find("The following argument"); at != line.npos) {
    auto colon = line.find(": ");
    if (colon != line.npos) return line.substr(colon + 2) + ": no such option (see --help)";
  }
  return line;
}

// PROGRAM's arguments are its own: nothing after the first word that is no option is looked at.
request parse_green(const std::vector<std::string>& arguments) {
  request out;
  out.verb = verb::green;
  auto word = arguments.begin() + 1;
  if (word != arguments.end() && (*word == "--help" || *word == "-h")) {
    out.verb = verb::show;
    out.text = green_help;
    return out;
  }
  if (word != arguments.end() && *word == "--")
    ++word;
  else if (word != arguments.end() && word->starts_with("-"))
    refuse(fmt::format("green: {}: no such option (see --help)", *word));
  out.green.command.assign(word, arguments.end());
  if (out.green.command.empty() || out.green.command[0].empty())
    refuse("green: which program? kettle green -- PROGRAM [ARGUMENTS]");
  return out;
}

}  // namespace

request parse_command_line(std::vector<std::string> arguments) {
  check_verb(arguments);
  if (arguments[0] == "green") return parse_green(arguments);
  request out;
  raw_compare raw;
  CLI::App app(
      "kettle runs several things at once, one way or another, and measures which way pays",
      "kettle");
  app.footer(main_footer);
  app.set_help_flag("-h,--help", "print this");
  app.set_version_flag("--version", std::string("kettle ") + kettle::version);
  app.require_subcommand(1);
  auto* compare = app.add_subcommand("compare", "run work by every method and say which pays");
  auto* doctor = app.add_subcommand("doctor", "say what kettle found on this machine");
  app.add_subcommand("green", "run an unmodified program, its threads as fibers");
  describe_compare(*compare, out.compare, raw);
  doctor->add_flag("--json", out.doctor.json, "as JSON");

  std::string where = arguments[0].starts_with("-") ? "" : arguments[0] + ": ";
  try {
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(arguments);
    if (doctor->parsed()) {
      out.verb = verb::doctor;
      return out;
    }
    out.verb = verb::compare;
    check_together(*compare, out.compare);
    take_methods(out.compare, raw.methods);
    take_workloads(out.compare, raw.workloads);
    take_numbers(out.compare, raw);
  } catch (const CLI::CallForHelp&) {
    out.text = app.help();
  } catch (const CLI::CallForVersion& version) {
    out.text = std::string(version.what()) + "\n";
  } catch (const CLI::ParseError& wrong) {
    refuse(where + one_line(wrong.what()));
  } catch (const bad_input& wrong) {
    refuse(where + wrong.what());
  }
  return out;
}

}  // namespace kettle::app
