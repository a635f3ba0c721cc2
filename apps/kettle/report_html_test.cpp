#include "report_html.hpp"

#include "stats.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <string>

using namespace kettle::app;

namespace {

method_row row(method how, double wall) {
  method_row r;
  r.how = how;
  r.measured = true;
  r.walls = {wall};
  r.wall = summarise(r.walls);
  r.cpu = r.wall;
  r.speedup = summarise({4 / wall});
  r.items = 200;
  return r;
}

workload_report report() {
  workload_report r;
  r.work.name = "waiting";
  r.work.title = "pages <of> \"mine\" & yours \xff";
  r.items = 200;
  r.cores = 2;
  r.rounds_wanted = r.rounds_run = r.rounds_kept = 1;
  r.verdict = "Threads pay (4.0x).";
  r.rows = {row(method::sequential, 4), row(method::threads, 1)};
  return r;
}

bool has(const std::string& page, std::string_view part) {
  return page.find(part) != std::string::npos;
}

// The width of the nth bar.
double bar(const std::string& page, int n) {
  std::size_t at = 0;
  for (int i = 0; i <= n; i++) at = page.find("<rect ", at) + 1;
  at = page.find(" width=\"", at) + 8;
  return std::stod(page.substr(at));
}

}  // namespace

TEST(report_html, holds_the_sentence_the_bars_and_every_row) {
  auto page = html_of({report()}, {.version = "1.2.3", .kernel = "6.1", .cores = 2});
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_TRUE(has(page, "Threads pay (4.0x)."));
  EXPECT_TRUE(has(page, "kettle 1.2.3, Linux 6.1, 2 cores"));
  EXPECT_TRUE(has(page, "<td>sequential</td>"));
  EXPECT_TRUE(has(page, "<td>threads</td>"));
  EXPECT_TRUE(has(page, ">4.00 s<"));
  EXPECT_TRUE(has(page, ">1.00 s, 4.0x<"));
  EXPECT_NEAR(bar(page, 0), 4 * bar(page, 1), 0.2);
}

TEST(report_html, names_of_any_bytes_are_text) {
  auto page = html_of({report()}, {});
  EXPECT_TRUE(has(page, "pages &lt;of&gt; &quot;mine&quot; &amp; yours \ufffd"));
  EXPECT_EQ(as_html("a\x01z\n\t"), "a\ufffdz\n\t");
  EXPECT_EQ(as_html("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  for (const char* wrong : {"\xc3", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80"})
    EXPECT_TRUE(as_html(wrong).starts_with("\ufffd")) << wrong;
}

TEST(report_html, refers_to_nothing_outside) {
  auto r = report();
  r.work.title = "1 request to http://example.org/<script src=\"http://example.org/x.js\">";
  auto page = html_of({r}, {});
  for (auto part : {"src=", "href=", "url(", "@import", "<script", "<link", "<img"}) {
    // As text of the title it may stand there, but not as markup.
    std::string quoted = page;
    for (auto at = quoted.find("src=&quot;"); at != quoted.npos; at = quoted.find("src=&quot;"))
      quoted.erase(at, 4);
    EXPECT_FALSE(has(quoted, part)) << part;
  }
}

TEST(report_html, marks_what_was_scaled_and_tells_failures) {
  auto r = report();
  r.items = 10'000;
  r.rows[0].scaled = true;
  r.rows[1].measured = false;
  r.rows[1].problem = "its process ended with exit 1";
  r.rows[0].failures = {{"http://h/", "gone"}};
  auto page = html_of({r}, {});
  EXPECT_TRUE(has(page, "~4.00 s"));
  EXPECT_TRUE(has(page, "fill-opacity"));
  EXPECT_TRUE(has(page, "measured on 200 of the 10000 items"));
  EXPECT_TRUE(has(page, "threads: its process ended with exit 1"));
  EXPECT_TRUE(has(page, "sequential: http://h/: gone"));
}

TEST(report_html, nothing_measured_is_a_page_without_bars) {
  workload_report r;
  EXPECT_FALSE(has(html_of({r}, {}), "<svg"));
  about_run cut_off;
  cut_off.interrupted = true;
  EXPECT_TRUE(has(html_of({}, cut_off), "; interrupted"));
}
