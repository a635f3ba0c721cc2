#include "report_html.hpp"

#include "table.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace kettle::app {
namespace {

constexpr const char* head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kettle compare</title>
<style>
body { font: 15px/1.5 sans-serif; color: #222; background: #fff; max-width: 72rem;
  margin: 2rem auto; padding: 0 1rem; }
h1, h2 { font-weight: 600; margin: 2rem 0 0.2rem; }
.title, .rounds, footer { color: #666; margin: 0; }
.verdict { font-size: 1.1rem; margin: 0.8rem 0; }
svg { display: block; width: 100%; height: auto; margin: 0.8rem 0; }
svg text { font: 14px sans-serif; fill: #222; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.6rem; white-space: nowrap;
  text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
footer { margin-top: 3rem; }
</style>
</head>
<body>
<h1>kettle compare</h1>
)";

// In units of the drawing, which the page scales to its width.
constexpr int drawing_width = 900, name_width = 110, label_width = 210;
constexpr int line_height = 30, bar_height = 20;
constexpr std::string_view bar_colour = "#3b75af", likely_colour = "#17314a";

// The length of the UTF-8 sequence at `at` that a page may hold as it is; 0: there is none.
std::size_t good_sequence(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  unsigned first = byte(at);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : first == '\t' || first == '\n';
  std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; i++)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  unsigned second = byte(at + 1);
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || beyond ? 0 : length;
}

std::string bars(const workload_report& report) {
  double longest = 0;
  int lines = 0;
  for (auto& row : report.rows) {
    if (!row.measured) continue;
    longest = std::max({longest, row.wall.median, row.wall.likely.high});
    lines++;
  }
  if (longest <= 0) return "";
  constexpr double room = drawing_width - name_width - label_width;
  auto x = [&](double seconds) { return name_width + room * seconds / longest; };
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"median time of each method\">\n",
      drawing_width, lines * line_height);
  int top = 0;
  for (auto& row : report.rows) {
    if (!row.measured) continue;
    int middle = top + line_height / 2;
    double end = std::max(x(row.wall.median), name_width + 2.0);
    out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", name_width - 10,
                       middle + 5, name_of(row.how));
    out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\"{}/>\n",
                       name_width, middle - bar_height / 2, end - name_width, bar_height,
                       bar_colour, row.scaled ? " fill-opacity=\"0.5\"" : "");
    out += fmt::format(
        "<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\" stroke=\"{}\" "
        "stroke-width=\"2\"/>\n",
        x(row.wall.likely.low), x(row.wall.likely.high), middle, middle, likely_colour);
    std::string label = (row.scaled ? "~" : "") + duration(row.wall.median);
    if (row.speedup && row.how != method::sequential)
      label += fmt::format(", {:.1f}x", row.speedup->median);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text>\n",
                       std::max(end, x(row.wall.likely.high)) + 8, middle + 5, label);
    top += line_height;
  }
  return out + "</svg>\n";
}

std::string figures(const workload_report& report) {
  auto line = [](const std::vector<std::string>& cells, std::string_view kind) {
    std::string out = "<tr>";
    for (auto& cell : cells) out += fmt::format("<{0}>{1}</{0}>", kind, as_html(cell));
    return out + "</tr>\n";
  };
  std::string out = "<table>\n";
  bool first = true;
  for (auto& cells : table_cells(report)) {
    out += line(cells, first ? "th" : "td");
    first = false;
  }
  return out + "</table>\n";
}

std::string failures(const workload_report& report) {
  std::string out;
  for (auto& row : report.rows) {
    if (!row.problem.empty())
      out += fmt::format("<li>{}: {}</li>\n", name_of(row.how), as_html(row.problem));
    for (auto& f : row.failures)
      out +=
          fmt::format("<li>{}: {}: {}</li>\n", name_of(row.how), as_html(f.item), as_html(f.why));
  }
  return out.empty() ? "" : "<ul>\n" + out + "</ul>\n";
}

std::string section(const workload_report& report) {
  std::string out = fmt::format("<section>\n<h2>{}</h2>\n<p class=\"title\">{}</p>\n",
                                as_html(report.work.name), as_html(report.work.title));
  out += fmt::format("<p class=\"verdict\">{}</p>\n", as_html(report.verdict));
  out += bars(report) + figures(report);
  out += fmt::format("<p class=\"rounds\">{}</p>\n", as_html(rounds_of(report)));
  if (auto note = note_on_scaling(report); !note.empty())
    out += fmt::format("<p class=\"rounds\">{}</p>\n", as_html(note));
  return out + failures(report) + "</section>\n";
}

}  // namespace

std::string as_html(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = good_sequence(text, at);
    char c = text[at];
    if (length == 0)
      out += "\ufffd";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string html_of(const std::vector<workload_report>& reports, const about_run& about) {
  std::string out = head;
  out += fmt::format("<p class=\"title\">kettle {}, Linux {}, {} core{}{}</p>\n",
                     as_html(about.version), as_html(about.kernel), about.cores,
                     about.cores == 1 ? "" : "s", about.interrupted ? "; interrupted" : "");
  for (auto& report : reports) out += section(report);
  out +=
      "<footer>A bar is the median time of the rounds, the line across its end where that median "
      "probably lies.</footer>\n</body>\n</html>\n";
  return out;
}

}  // namespace kettle::app
