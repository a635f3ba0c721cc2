// The worker codec: bytes of a process gone wild give a value or decode_error, and a value survives
// the way there and back.

#include <kettle/processes/codec.hpp>
#include <kettle/processes/errors.hpp>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace {

struct leaf {
  std::string name;
  int number = 0;
  std::vector<double> values;
};
struct tree {
  std::map<std::string, leaf> leaves;
  std::optional<std::pair<int, std::string>> pair;
  std::variant<int, std::string, std::vector<leaf>> either;
  std::tuple<bool, char, std::vector<std::vector<std::string>>> rest;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kettle;
  try {
    decoder in(data, size);
    auto value = decode<tree>(in);
    encoder once;
    encode(once, value);
    decoder back(once.bytes());
    encoder twice;
    encode(twice, decode<tree>(back));
    back.expect_end();
    if (once.bytes() != twice.bytes()) std::abort();
  } catch (const decode_error&) {}
  return 0;
}
