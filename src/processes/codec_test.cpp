#include <kettle/processes/codec.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace kettle {
namespace {

using namespace std::chrono_literals;

template <class T> T there_and_back(const T& value) {
  encoder out;
  encode(out, value);
  decoder in(out.bytes());
  T again = decode<T>(in);
  in.expect_end();
  return again;
}

enum class colour : std::uint8_t { red, green };

struct point {
  double x = 0, y = 0;
  bool operator==(const point&) const = default;
};
struct page {
  std::string url;
  std::optional<std::string> title;
  std::vector<point> points;
  std::map<std::string, std::vector<int>> index;
  std::variant<int, std::string> either;
  bool operator==(const page&) const = default;
};
struct tree {
  int value = 0;
  std::vector<tree> below;
  bool operator==(const tree&) const = default;
};
struct with_array {
  int a[3] = {};
  char c = 0;
};
class account {
 public:
  account() = default;
  account(std::string owner, int cents) : owner_(std::move(owner)), cents_(cents) {}
  template <class Archive> void serialize(Archive& archive) { archive(owner_) & cents_; }
  bool operator==(const account&) const = default;

 private:
  std::string owner_;
  int cents_ = 0;
};

TEST(codec, values_come_back_as_they_were) {
  EXPECT_EQ(there_and_back(7), 7);
  EXPECT_EQ(there_and_back(2.5), 2.5);
  EXPECT_EQ(there_and_back(true), true);
  EXPECT_EQ(there_and_back(colour::green), colour::green);
  EXPECT_EQ(there_and_back(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(there_and_back(std::pair(1, std::string("x"))), std::pair(1, std::string("x")));
  EXPECT_EQ(there_and_back(std::tuple(1, 'c', 2.0)), std::tuple(1, 'c', 2.0));
  EXPECT_EQ(there_and_back(std::array{1, 2, 3}), (std::array{1, 2, 3}));
  EXPECT_EQ(there_and_back(std::optional<int>()), std::nullopt);
  EXPECT_EQ(there_and_back(std::optional(4)), 4);
  EXPECT_EQ(there_and_back(std::chrono::milliseconds(5)), 5ms);
  auto now = std::chrono::system_clock::now();
  EXPECT_EQ(there_and_back(now), now);
}

TEST(codec, containers_come_back_in_order) {
  EXPECT_EQ(there_and_back(std::vector{1, 2, 3}), (std::vector{1, 2, 3}));
  EXPECT_EQ(there_and_back(std::vector{true, false}), (std::vector{true, false}));
  EXPECT_EQ(there_and_back(std::deque{1, 2}), (std::deque{1, 2}));
  EXPECT_EQ(there_and_back(std::list<std::string>{"a", "b"}), (std::list<std::string>{"a", "b"}));
  EXPECT_EQ(there_and_back(std::set{3, 1, 2}), (std::set{1, 2, 3}));
  std::map<std::string, int> map{{"a", 1}, {"b", 2}};
  EXPECT_EQ(there_and_back(map), map);
  std::unordered_map<int, std::string> hashed{{1, "x"}, {2, "y"}};
  EXPECT_EQ(there_and_back(hashed), hashed);
  std::multimap<int, int> multi{{1, 2}, {1, 1}};
  EXPECT_EQ(there_and_back(multi), multi);
}

TEST(codec, aggregates_need_no_word_from_their_author) {
  page p{"http://a", "title", {{1, 2}, {3, 4}}, {{"k", {1, 2}}}, std::string("other")};
  EXPECT_EQ(there_and_back(p), p);
  tree t{1, {{2, {}}, {3, {{4, {}}}}}};
  EXPECT_EQ(there_and_back(t), t);
  with_array a{{1, 2, 3}, 'c'};
  with_array b = there_and_back(a);
  EXPECT_EQ(b.a[2], 3);
  EXPECT_EQ(b.c, 'c');
}

TEST(codec, a_class_says_how_by_serialize) {
  account a("ann", 500);
  EXPECT_EQ(there_and_back(a), a);
}

int three() { return 3; }

TEST(codec, functions_and_closures_travel) {
  int (*f)() = three;
  EXPECT_EQ(there_and_back(f)(), 3);
  EXPECT_EQ(there_and_back(static_cast<int (*)()>(nullptr)), nullptr);
  int k = 4;
  EXPECT_EQ(there_and_back([] { return 5; })(), 5);
  EXPECT_EQ(there_and_back([k] { return k; })(), 4);
  EXPECT_THROW(there_and_back([&k] { return k; }), std::invalid_argument);
  encoder out;
  EXPECT_THROW(out.code(&k), std::invalid_argument);  // no function
}

TEST(codec, a_view_refers_to_the_bytes) {
  encoder out;
  encode(out, std::string_view("view"));
  encode(out, static_cast<const char*>("c string"));
  decoder in(out.bytes());
  EXPECT_EQ(decode<std::string_view>(in), "view");
  EXPECT_STREQ(decode<const char*>(in), "c string");
}

template <class T> std::string error_in(std::string_view bytes) {
  decoder in(bytes);
  try {
    decode<T>(in);
  } catch (const decode_error& e) {
    return e.what();
  }
  return "none";
}

TEST(codec, a_count_that_is_too_large_allocates_nothing) {
  encoder out;
  out.size(std::size_t(1) << 60);
  EXPECT_EQ(error_in<std::vector<int>>(out.bytes()), "decode: a count is larger than what follows");
  EXPECT_EQ(error_in<std::vector<point>>(out.bytes()),
            "decode: a count is larger than what follows");
  EXPECT_EQ(error_in<std::string>(out.bytes()), "decode: a count is larger than what follows");
}

TEST(codec, a_type_in_itself_nests_only_so_deep) {
  encoder out;
  for (int i = 0; i < 100'000; i++) {
    out.raw(i);
    out.size(1);
  }
  for (int i = 0; i < 100'000; i++) out.raw(0);
  EXPECT_EQ(error_in<tree>(out.bytes()), "decode: nested too deep");
}

TEST(codec, any_bytes_decode_or_are_refused) {
  page p{"http://a", "title", {{1, 2}, {3, 4}}, {{"k", {1, 2}}}, std::string("other")};
  encoder out;
  encode(out, p);
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 20'000; i++) {
    std::string bytes(out.bytes());
    for (int n = 1 + int(random() % 4); n > 0; n--) bytes[random() % bytes.size()] = char(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    try {
      decoder in(bytes);
      decode<page>(in);
      in.expect_end();
    } catch (const decode_error&) {
      refused++;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(codec, a_function_of_another_build_is_refused) {
  encoder out;
  out.raw(std::uint8_t(1));
  out.raw(std::uint8_t(20));
  for (int i = 0; i < 20; i++) out.raw(std::uint8_t(i));
  out.raw(std::uint64_t(64));
  out.text("");
  EXPECT_EQ(error_in<int (*)()>(out.bytes()),
            "no image 'of the program' with the same build-id in this process");
}

}  // namespace
}  // namespace kettle
