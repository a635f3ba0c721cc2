#include <kettle/base/atomic.hpp>
#include <kettle/base/error.hpp>
#include <kettle/base/thrown.hpp>

#include <cstdio>

namespace kettle::inline KETTLE_ABI {

incomplete_read::incomplete_read(std::string got, std::size_t wanted)
    : std::runtime_error("the stream ended after " + std::to_string(got.size()) + " of " +
                         std::to_string(wanted) + " bytes"),
      partial(std::move(got)),
      expected(wanted) {}

limit_overrun::limit_overrun(std::size_t limit_bytes)
    : std::runtime_error("no end found within " + std::to_string(limit_bytes) + " bytes") {}

io_error::io_error(std::error_code code, std::string operation, std::string object)
    : std::system_error(code), operation_(std::move(operation)), object_(std::move(object)) {
  text_ = operation_ + (object_.empty() ? "" : " " + object_) + ": " + code.message();
}

void throw_io_error(int error_number, std::string operation, std::string object) {
  throw io_error(std::error_code(error_number, std::system_category()), std::move(operation),
                 std::move(object));
}

error_group::error_group(std::vector<std::exception_ptr> errors) {
  errors_.swap(errors);
  text_ = std::to_string(errors_.size()) + (errors_.size() == 1 ? " error: " : " errors: ");
  const char* between = "";
  for (auto& error : errors_) {
    text_ += between + describe(error);
    between = "; ";
  }
}

std::string describe(const std::exception_ptr& error) {
  if (!error) return "no error";
  if (auto* e = thrown_as<const std::exception>(error))
    return e->what() ? e->what() : "an error without a text";
  if (auto* c = thrown_as<const cancelled>(error))
    return *c->reason ? std::string("cancelled: ") + c->reason : "cancelled";
  return "unknown exception";
}

namespace {

void print_dropped(const std::exception_ptr& error, const char* where) noexcept {
  std::fprintf(stderr, "kettle: error dropped in %s: %s\n", where, describe(error).c_str());
}

atomic<dropped_error_hook> hook{print_dropped};

}  // namespace

dropped_error_hook set_dropped_error_hook(dropped_error_hook next) noexcept {
  // acq_rel: whoever calls the hook sees what its owner prepared before setting it.
  return hook.exchange(next ? next : print_dropped, acq_rel);
}

void drop_error(const std::exception_ptr& error, const char* where) noexcept {
  hook.load(acquire)(error, where);  // pairs with set_dropped_error_hook
}

}  // namespace kettle::inline KETTLE_ABI
