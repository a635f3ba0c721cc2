#pragma once
// The examples' own small HTTP client: plain HTTP/1.1, one request a connection, no redirects, no
// https.
//
//   page p = co_await fetch("http://example.org/");     // p.url, p.body, p.links (the targets of
//   href="...")
//
// Errors are io_error: "GET http://a/bad: 500 Internal Server Error", "GET http://a/: Connection
// refused". FETCH_HOSTS=name=address:port,... sends some names elsewhere ("*" stands for all): the
// tests run without a network. Cancellation: the connection is closed.

#include <kettle/io/connect.hpp>

#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

struct page {
  std::string url, body;
  std::vector<std::string> links;
};

namespace fetching {

class http_category final : public std::error_category {
 public:
  explicit http_category(std::string status) : status_(std::move(status)) {}
  const char* name() const noexcept override { return "http"; }
  std::string message(int) const override { return status_; }

 private:
  std::string status_;  // "404 Not Found"
};

struct target {
  std::string host, path;
  std::string connect_to;  // "tcp:host:port"
};

// Where FETCH_HOSTS sends a name; empty: nowhere else.
inline std::string sent_elsewhere(std::string_view host) {
  const char* text = std::getenv("FETCH_HOSTS");
  std::string_view rest = text ? text : "";
  while (!rest.empty()) {
    std::string_view entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    std::size_t equals = entry.find('=');
    if (equals == entry.npos) continue;
    std::string_view name = entry.substr(0, equals);
    if (name == host || name == "*") return std::string(entry.substr(equals + 1));
  }
  return "";
}

inline target take_apart(const std::string& url) {
  constexpr std::string_view scheme = "http://";
  if (!std::string_view(url).starts_with(scheme))
    throw kettle::usage_error("fetch: not an http:// URL: " + url);
  std::size_t slash = url.find('/', scheme.size());
  target t;
  t.host = url.substr(scheme.size(), slash == url.npos ? slash : slash - scheme.size());
  t.path = slash == url.npos ? "/" : url.substr(slash);
  std::size_t colon = t.host.rfind(':');
  bool has_port = colon != t.host.npos && t.host.find(']', colon) == t.host.npos;
  std::string elsewhere = sent_elsewhere(t.host.substr(0, has_port ? colon : t.host.npos));
  t.connect_to = "tcp:" + (!elsewhere.empty() ? elsewhere : has_port ? t.host : t.host + ":80");
  return t;
}

// The targets of href="..." that are http: absolute, or a path on the same host.
inline std::vector<std::string> links_in(std::string_view html, const std::string& host) {
  constexpr std::string_view mark = "href=\"";
  std::vector<std::string> links;
  for (std::size_t at = 0; (at = html.find(mark, at)) != html.npos;) {
    at += mark.size();
    std::string link(html.substr(at, html.find('"', at) - at));
    if (link.starts_with("/") && !link.starts_with("//")) link = "http://" + host + link;
    if (link.starts_with("http://")) links.push_back(link.substr(0, link.find('#')));
  }
  return links;
}

// The value of a header, "" when it is not there.
inline std::string header(std::string_view head, std::string_view lower_case_name) {
  for (std::size_t at = 0; (at = head.find("\r\n", at)) != head.npos;) {
    at += 2;
    std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    std::size_t colon = line.find(':');
    if (colon != lower_case_name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < colon; i++)
      same = same && (line[i] | 0x20) == (lower_case_name[i] | 0x20);
    if (!same) continue;
    std::size_t begin = line.find_first_not_of(' ', colon + 1);
    return begin == line.npos ? "" : std::string(line.substr(begin));
  }
  return "";
}

inline std::error_code failure(std::string status) {
  // An error_code refers to its category for ever.
  static auto& categories = *new std::vector<const http_category*>;
  for (const http_category* c : categories)
    if (c->message(0) == status) return {std::atoi(status.c_str()), *c};
  categories.push_back(new http_category(status));
  return {std::atoi(status.c_str()), *categories.back()};
}

inline kettle::task<std::string> get(const std::string& url, const target& t) {
  kettle::stream s = co_await kettle::connect(t.connect_to);
  std::string request =
      "GET " + t.path + " HTTP/1.1\r\nHost: " + t.host + "\r\nConnection: close\r\n\r\n";
  co_await s.write(request);
  std::string head = co_await s.read_until("\r\n\r\n");
  if (!head.starts_with("HTTP/1.") || head.size() < 12)
    throw kettle::io_error(std::make_error_code(std::errc::bad_message), "GET", url);
  std::string status = head.substr(9, head.find("\r\n") - 9);
  if (std::atoi(status.c_str()) >= 400) throw kettle::io_error(failure(status), "GET", url);
  std::string length = header(head, "content-length");
  if (length.empty()) co_return co_await s.read_all();
  co_return co_await s.read_exactly(std::strtoul(length.c_str(), nullptr, 10));
}

}  // namespace fetching

inline kettle::task<page> fetch(std::string url) {
  fetching::target t = fetching::take_apart(url);
  page p;
  p.url = url;
  std::error_code failed;
  try {
    p.body = co_await fetching::get(url, t);
  } catch (const kettle::io_error& e) {
    failed = e.code();
  } catch (const kettle::incomplete_read&) {
    failed = std::make_error_code(std::errc::connection_aborted);
  }
  if (failed) throw kettle::io_error(failed, "GET", url);
  p.links = fetching::links_in(p.body, t.host);
  co_return p;
}
