#include "url.hpp"

#include "bad_input.hpp"

#include <gtest/gtest.h>
#include <string>

using namespace kettle::app;

namespace {

std::string complaint(std::string_view text) {
  try {
    parse_url(text);
  } catch (const bad_input& wrong) {
    EXPECT_EQ(wrong.exit_status(), exit_usage);
    return wrong.what();
  }
  return "accepted";
}

}  // namespace

TEST(url, takes_a_plain_one_apart) {
  url u = parse_url("http://example.test/a/b?c=d#part");
  EXPECT_EQ(u.host, "example.test");
  EXPECT_EQ(u.port, 80);
  EXPECT_EQ(u.target, "/a/b?c=d");
  EXPECT_EQ(u.authority, "example.test");
}

TEST(url, takes_ports_and_bracketed_addresses) {
  url u = parse_url("http://[::1]:8080");
  EXPECT_EQ(u.host, "::1");
  EXPECT_EQ(u.port, 8080);
  EXPECT_EQ(u.target, "/");
  EXPECT_EQ(u.authority, "[::1]:8080");
  EXPECT_EQ(parse_url("HTTP://127.0.0.1:1/x").port, 1);
  EXPECT_EQ(parse_url("http://h?q").target, "/?q");
}

TEST(url, https_says_what_is_missing) {
  EXPECT_NE(complaint("https://example.test/").find("needs TLS, which kettle does not have yet"),
            std::string::npos);
}

TEST(url, refuses_by_name_what_it_does_not_understand) {
  EXPECT_EQ(complaint("example.test"), "example.test: not a URL: it must begin with http://");
  EXPECT_EQ(complaint("ftp://h/"), "ftp://h/: kettle speaks http://, not ftp://");
  EXPECT_EQ(complaint("http:///x"), "http:///x: there is no host");
  EXPECT_EQ(complaint("http://h:0/"), "http://h:0/: \"0\" is not a port from 1 to 65535");
  EXPECT_EQ(complaint("http://h:/"), "http://h:/: \"\" is not a port from 1 to 65535");
  EXPECT_EQ(complaint("http://h:99999/"),
            "http://h:99999/: \"99999\" is not a port from 1 to 65535");
  EXPECT_EQ(complaint("http://::1/"),
            "http://::1/: an IPv6 address stands in brackets: "
            "http://[::1]:80/");
  EXPECT_EQ(complaint("http://[::1/"), "http://[::1/: the [ of the address is not closed");
  EXPECT_EQ(complaint("http://[::1]x/"), "http://[::1]x/: after ] only a port may follow");
  EXPECT_EQ(complaint("http://a:b@h/"),
            "http://a:b@h/: a name and password in the URL are not "
            "supported");
  EXPECT_NE(complaint("http://h/a b").find("blanks and control characters"), std::string::npos);
  EXPECT_NE(complaint("http://h/\r\nX: y").find("blanks and control characters"),
            std::string::npos);
}

TEST(url, asks_for_one_page_and_no_more) {
  EXPECT_EQ(request_for(parse_url("http://h:81/p?q")),
            "GET /p?q HTTP/1.1\r\nHost: h:81\r\nUser-Agent: kettle\r\nAccept: */*\r\n"
            "Connection: close\r\n\r\n");
}
