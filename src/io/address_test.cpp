#include <kettle/base/error.hpp>
#include <kettle/io/address.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

namespace kettle {
namespace {

TEST(address, reads_and_writes_numbers) {
  EXPECT_EQ(address::ip("127.0.0.1", 80)->text(), "127.0.0.1:80");
  EXPECT_EQ(address::ip("::1", 80)->text(), "[::1]:80");
  EXPECT_EQ(address::ip("[fe80::1]", 1)->text(), "[fe80::1]:1");
  EXPECT_EQ(address::ip("::1", 80)->port(), 80);
  EXPECT_EQ(address::ip("::1", 80)->family(), AF_INET6);
  for (const char* name : {"", "localhost", "127.0.0", "1.2.3.4.5", ":::"})
    EXPECT_FALSE(address::ip(name, 80)) << name;
}

TEST(address, of_a_path) {
  EXPECT_EQ(address::path("/run/x").text(), "unix:/run/x");
  EXPECT_EQ(address::path(std::string(107, 'x')).text(), "unix:" + std::string(107, 'x'));
  EXPECT_THROW(address::path(std::string(108, 'x')), usage_error);
  EXPECT_THROW(address::path(""), usage_error);
}

TEST(address, of_an_abstract_name_has_no_byte_more_than_the_name) {
  address a = address::path("@kettle");
  EXPECT_EQ(a.text(), "unix:@kettle");
  EXPECT_EQ(a.size(), sizeof(sa_family_t) + 1 + 6);
  EXPECT_EQ(static_cast<const char*>(a.data())[sizeof(sa_family_t)], '\0');
  EXPECT_EQ(address::path("@" + std::string(106, 'x')).text(), "unix:@" + std::string(106, 'x'));
  EXPECT_THROW(address::path("@" + std::string(107, 'x')), usage_error);
  EXPECT_THROW(address::path("@"), usage_error);
  EXPECT_EQ(address::path("./@kettle").text(), "unix:./@kettle");
}

TEST(address, is_not_cut_at_a_nul) {
  using namespace std::string_literals;
  EXPECT_THROW(address::ip("127.0.0.1\0.evil.org"s, 80), usage_error);
  EXPECT_THROW(address::path("/run/x\0y"s), usage_error);
  EXPECT_THROW(address::path("@x\0y"s), usage_error);
  for (auto bad :
       {"tcp:127.0.0.1\0:80"s, "unix:/run/x\0y"s, "tcp:example.org\0.evil:1"s, "tcp:80\0"s})
    EXPECT_THROW(parse_place_name(bad), usage_error) << bad;
}

TEST(address, nowhere_is_false_and_empty) {
  EXPECT_FALSE(address());
  EXPECT_EQ(address().text(), "");
  EXPECT_EQ(address().port(), 0);
}

TEST(place_name, understands_what_listen_and_connect_are_told) {
  EXPECT_EQ(parse_place_name("tcp:80").port, 80);
  EXPECT_EQ(parse_place_name("tcp:80").host, "");
  EXPECT_EQ(parse_place_name("tcp:127.0.0.1:0").host, "127.0.0.1");
  EXPECT_EQ(parse_place_name("tcp:[::1]:80").host, "::1");
  EXPECT_EQ(parse_place_name("tcp:example.org:443").host, "example.org");
  EXPECT_EQ(parse_place_name("tcp:example.org:443").port, 443);
  EXPECT_EQ(parse_place_name("unix:/run/x").how, place_name::kind::unix_path);
  EXPECT_EQ(parse_place_name("unix:@x").host, "@x");
}

TEST(place_name, refuses_everything_else_with_a_hint) {
  for (const char* bad :
       {"", "80", "tcp:", "tcp:x", "tcp:host:", "tcp::80", "tcp:::1:80", "tcp:host:99999",
        "tcp:host:-1", "tcp:[::1:80", "tcp:[]:80", "udp:80", "unix:"}) {
    try {
      parse_place_name(bad);
      ADD_FAILURE() << bad;
    } catch (const usage_error& e) {
      EXPECT_NE(std::string(e.what()).find("write tcp:PORT"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace kettle
