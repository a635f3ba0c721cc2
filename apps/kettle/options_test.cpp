#include "options.hpp"

#include "bad_input.hpp"

#include <gtest/gtest.h>

using namespace kettle::app;

namespace {

using words = std::vector<std::string>;

compare_options compare(words more) {
  more.insert(more.begin(), "compare");
  auto parsed = parse_command_line(more);
  EXPECT_EQ(parsed.verb, verb::compare);
  return parsed.compare;
}

std::string complaint(const words& arguments) {
  try {
    parse_command_line(arguments);
  } catch (const bad_input& wrong) {
    EXPECT_EQ(wrong.exit_status(), exit_usage);
    EXPECT_EQ(std::string(wrong.what()).find('\n'), std::string::npos);
    return wrong.what();
  }
  return "accepted";
}

std::string compare_complaint(words more) {
  more.insert(more.begin(), "compare");
  return complaint(more);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(options, green_leaves_the_program_its_own_arguments) {
  auto r = parse_command_line({"green", "--", "python3", "--help", "-x"});
  EXPECT_EQ(r.verb, verb::green);
  EXPECT_EQ(r.green.command, (std::vector<std::string>{"python3", "--help", "-x"}));
  EXPECT_EQ(parse_command_line({"green", "prog", "--", "a"}).green.command,
            (std::vector<std::string>{"prog", "--", "a"}));
  EXPECT_TRUE(has(parse_command_line({"green", "--help"}).text, "PROGRAM [ARGUMENTS]"));
}

TEST(options, green_wants_a_program_and_knows_no_options) {
  EXPECT_THROW(parse_command_line({"green"}), bad_input);
  EXPECT_THROW(parse_command_line({"green", "--"}), bad_input);
  EXPECT_THROW(parse_command_line({"green", "--strict", "prog"}), bad_input);
}

}  // namespace

TEST(options, compare_alone_means_the_default_methods_and_five_rounds) {
  auto o = compare({});
  EXPECT_TRUE(o.methods.empty());
  EXPECT_TRUE(o.workloads.empty());
  EXPECT_FALSE(o.own_work());
  EXPECT_EQ(o.rounds, 5);
  EXPECT_EQ(o.delay_ms, 20);
  EXPECT_DOUBLE_EQ(o.timeout_s, 10);
  EXPECT_FALSE(o.items);
  EXPECT_FALSE(o.width);
}

TEST(options, takes_every_option) {
  auto o = compare({"--url", "http://a/", "--url", "http://b/", "--url-file", "f", "--items", "7",
                    "--width", "3", "--timeout", "0.5", "--rounds", "2", "--json", "out", "--html",
                    "page"});
  EXPECT_EQ(o.urls, (words{"http://a/", "http://b/"}));
  EXPECT_EQ(o.url_file, "f");
  EXPECT_EQ(o.items, 7u);
  EXPECT_EQ(o.width, 3u);
  EXPECT_DOUBLE_EQ(o.timeout_s, 0.5);
  EXPECT_EQ(o.rounds, 2);
  EXPECT_EQ(o.html, "page");
  EXPECT_EQ(o.json, "out");
  EXPECT_EQ(compare({"--files", "/usr/share"}).files, "/usr/share");
  EXPECT_EQ(compare({"--delay", "0"}).delay_ms, 0);
  auto e = compare({"--exec", "cat {}", "--input", "names"});
  EXPECT_EQ(e.exec, "cat {}");
  EXPECT_EQ(e.input, "names");
}

TEST(options, methods_and_workloads_are_lists_and_nothing_counts_twice) {
  auto o = compare({"--methods", "fibers,sequential,fibers", "--workload", "mixed,waiting",
                    "--workload", "waiting"});
  EXPECT_EQ(o.methods, (std::vector{method::fibers, method::sequential}));
  EXPECT_EQ(o.workloads, (words{"mixed", "waiting"}));
}

TEST(options, an_unknown_verb_is_named) {
  EXPECT_EQ(complaint({"primer"}),
            "\"primer\" is not something kettle can do: there are compare, "
            "green and doctor (kettle --help tells more)");
  EXPECT_TRUE(has(complaint({}), "say what to do"));
}

TEST(options, an_unknown_option_is_named) {
  EXPECT_EQ(compare_complaint({"--frobnicate"}),
            "compare: --frobnicate: no such option (see --help)");
  EXPECT_EQ(compare_complaint({"stray"}), "compare: stray: no such option (see --help)");
  EXPECT_TRUE(has(complaint({"doctor", "--yaml"}), "doctor: --yaml: no such option"));
  EXPECT_TRUE(has(compare_complaint({"--items"}), "--items"));
}

TEST(options, an_unknown_method_or_workload_is_named_with_those_there_are) {
  EXPECT_EQ(
      compare_complaint({"--methods", "threads,telepathy"}),
      "compare: --methods: \"telepathy\" is not a method here: there are sequential, threads, "
      "processes, coroutines, green, fibers");
  EXPECT_TRUE(has(compare_complaint({"--methods", ""}), "\"\" is not a method"));
  EXPECT_TRUE(has(compare_complaint({"--methods", "threads,"}), "\"\" is not a method"));
  EXPECT_EQ(
      compare_complaint({"--workload", "idling"}),
      "compare: --workload: \"idling\" is not a workload: there are waiting, computing, mixed");
}

TEST(options, numbers_out_of_range_are_named_with_their_range) {
  EXPECT_TRUE(has(compare_complaint({"--items", "0"}),
                  "--items: \"0\" is not a whole number from 1 to 1000000"));
  EXPECT_TRUE(has(compare_complaint({"--items", "-5"}), "--items: \"-5\""));
  EXPECT_TRUE(has(compare_complaint({"--width", "many"}), "--width: \"many\""));
  EXPECT_TRUE(has(compare_complaint({"--delay", "60001"}), "--delay: \"60001\""));
  EXPECT_TRUE(has(compare_complaint({"--timeout", "0"}), "--timeout: \"0\""));
  EXPECT_TRUE(has(compare_complaint({"--rounds", "0"}), "--rounds: \"0\""));
  EXPECT_EQ(compare_complaint({"--items", ""}), "compare: --items: the value is empty");
  EXPECT_EQ(compare_complaint({"--json", ""}), "compare: --json: the value is empty");
}

TEST(options, what_does_not_go_together_is_refused) {
  EXPECT_TRUE(
      has(compare_complaint({"--url", "http://a/", "--files", "x"}), "different kinds of work"));
  EXPECT_TRUE(
      has(compare_complaint({"--url-file", "f", "--exec", "cat {}"}), "different kinds of work"));
  EXPECT_TRUE(has(compare_complaint({"--input", "x"}), "--input: its lines are for --exec"));
  EXPECT_TRUE(
      has(compare_complaint({"--files", "x", "--workload", "mixed"}), "--workload chooses"));
  EXPECT_TRUE(has(compare_complaint({"--files", "x", "--delay", "5"}), "--delay is for kettle's"));
}

TEST(options, urls_and_commands_are_checked_at_once) {
  EXPECT_TRUE(has(compare_complaint({"--url", "https://a/"}), "https needs TLS"));
  EXPECT_TRUE(has(compare_complaint({"--url", "a"}), "compare: a: not a URL"));
  EXPECT_TRUE(has(compare_complaint({"--exec", "cat"}), "there is no {}"));
}

TEST(options, help_has_examples_and_names_every_option) {
  auto top = parse_command_line({"--help"});
  EXPECT_EQ(top.verb, verb::show);
  EXPECT_TRUE(has(top.text, "Examples:"));
  EXPECT_FALSE(has(top.text, "Not here yet"));
  auto more = parse_command_line({"compare", "--help"});
  EXPECT_EQ(more.verb, verb::show);
  EXPECT_TRUE(has(more.text, "--exec 'gzip -t {}'"));
  for (auto option :
       {"--url ", "--url-file ", "--files ", "--exec ", "--input ", "--workload ", "--methods ",
        "--items ", "--width ", "--delay ", "--timeout ", "--rounds ", "--json ", "--html "})
    EXPECT_TRUE(has(more.text, option)) << option;
}

TEST(options, version_is_one_line) {
  auto text = parse_command_line({"--version"}).text;
  EXPECT_TRUE(text.starts_with("kettle "));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

TEST(options, doctor_may_speak_json) {
  EXPECT_EQ(parse_command_line({"doctor"}).verb, verb::doctor);
  EXPECT_FALSE(parse_command_line({"doctor"}).doctor.json);
  EXPECT_TRUE(parse_command_line({"doctor", "--json"}).doctor.json);
}
