#pragma once
// The report as one HTML page: bars, sentences and tables, nothing fetched from anywhere.
//
//   write_whole("--html", "result.html", html_of(reports, about));
//
// The bars are inline SVG, the style stands in the page, there is no script. Whatever the user's
// names hold is text in it.

#include "report.hpp"
#include "report_json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace kettle::app {

std::string html_of(const std::vector<workload_report>& reports, const about_run& about);

// As text of a page: <, >, &, quotes by their names; what is no UTF-8, or no character that a page
// may hold, becomes U+FFFD.
std::string as_html(std::string_view text);

}  // namespace kettle::app
