#include "io/hosts_file.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kettle {
namespace {

std::string found(std::string_view hosts, std::string_view name) {
  std::string all;
  for (const address& a : in_hosts(hosts, name)) all += a.text() + " ";
  return all;
}

TEST(hosts_file, gives_every_address_of_a_name) {
  constexpr std::string_view hosts =
      "# comment 192.0.2.9 printer\n"
      "192.0.2.1\tprinter.example printer  # the old one\r\n"
      "\n"
      "  2001:db8::1 Printer\n"
      "printer 192.0.2.2 printer\n"
      "fe80::1%eth0 printer\n"
      "192.0.2.3 printers\n"
      "192.0.2.4 last";
  EXPECT_EQ(found(hosts, "printer"), "192.0.2.1:0 [2001:db8::1]:0 ");
  EXPECT_EQ(found(hosts, "PRINTER.example"), "192.0.2.1:0 ");
  EXPECT_EQ(found(hosts, "last"), "192.0.2.4:0 ");
  for (const char* none : {"old", "comment", "192.0.2.1", "", "prin"})
    EXPECT_EQ(found(hosts, none), "") << none;
  EXPECT_EQ(found("", "x"), "");
}

TEST(hosts_file, comes_first_where_the_machine_says_so) {
  for (const char* yes : {"", "passwd: dns\n", "hosts: files dns\n",
                          "a: b\nhosts:\tmymachines files", "hosts: files  # dns"})
    EXPECT_TRUE(asks_files_first(yes)) << yes;
  for (const char* no : {"hosts: dns files", "hosts: resolve [!UNAVAIL=return] files", "hosts: dns",
                         "# hosts: files\nhosts: dns files"})
    EXPECT_FALSE(asks_files_first(no)) << no;
}

}  // namespace
}  // namespace kettle
