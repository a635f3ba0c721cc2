#include "cell.hpp"

#include <gtest/gtest.h>

using namespace kettle::app;

TEST(cell, any_bytes_survive_the_journey) {
  std::string bytes;
  for (int i = 0; i < 256; i++) bytes += static_cast<char>(i);
  EXPECT_EQ(unescaped(escaped(bytes)), bytes);
  EXPECT_EQ(escaped("plain text"), "plain text");
  EXPECT_EQ(escaped("100%"), "100%25");
  EXPECT_EQ(unescaped("%"), "%");
  EXPECT_EQ(unescaped("%zz"), "%zz");
}

TEST(cell, a_cell_survives_the_journey) {
  cell c;
  c.work = work_kind::execute;
  c.how = method::coroutines;
  c.width = 17;
  c.timeout_s = 0.25;
  c.passes = 3;
  c.script = "cat \"$1\"";
  c.most_told = 3;
  c.items = {"one", "\xff\xfe\n", ""};
  cell same = cell_from_json(to_json(c));
  EXPECT_EQ(same.work, c.work);
  EXPECT_EQ(same.how, c.how);
  EXPECT_EQ(same.width, c.width);
  EXPECT_DOUBLE_EQ(same.timeout_s, c.timeout_s);
  EXPECT_EQ(same.passes, c.passes);
  EXPECT_EQ(same.script, c.script);
  EXPECT_EQ(same.most_told, c.most_told);
  EXPECT_EQ(same.items, c.items);
}

TEST(cell, a_result_survives_the_journey) {
  cell_result r;
  r.startup_s = 0.001;
  r.wall_s = 1.5;
  r.cpu_s = 0.5;
  r.peak_kib = 4096;
  r.threads = 65;
  r.processes = 2;
  r.items = 7;
  r.failed = 1;
  r.failures = {{"http://x/", "the server answered 404"}};
  r.answers = "abc";
  r.problem = "exit 3";
  auto same = result_from_json(to_json(r));
  EXPECT_DOUBLE_EQ(same.startup_s, r.startup_s);
  EXPECT_DOUBLE_EQ(same.wall_s, r.wall_s);
  EXPECT_DOUBLE_EQ(same.cpu_s, r.cpu_s);
  EXPECT_EQ(same.peak_kib, r.peak_kib);
  EXPECT_EQ(same.threads, r.threads);
  EXPECT_EQ(same.processes, r.processes);
  EXPECT_EQ(same.items, r.items);
  EXPECT_EQ(same.failed, r.failed);
  EXPECT_EQ(same.failures, r.failures);
  EXPECT_EQ(same.answers, r.answers);
  EXPECT_EQ(same.problem, r.problem);
}

TEST(cell, what_is_no_cell_is_refused) {
  for (const char* text : {"", "{", "[]", "{}", "{\"work\":0}"}) {
    EXPECT_THROW(cell_from_json(text), std::runtime_error) << text;
    EXPECT_THROW(result_from_json(text), std::runtime_error) << text;
  }
}
