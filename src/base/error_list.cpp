#include <kettle/base/error.hpp>
#include <kettle/base/error_list.hpp>
#include <kettle/base/key_set.hpp>
#include <kettle/base/thrown.hpp>

#include <cstdint>
#include <utility>

namespace kettle::inline KETTLE_ABI::detail {

void error_list::add(std::exception_ptr e) noexcept {
  if (!first_) {
    first_ = std::move(e);
    return;
  }
  try {
    others_.push_back(e);
  } catch (...) {
    drop_error(e, "a nursery: there is no memory to keep a further error");
  }
}

std::vector<std::exception_ptr> error_list::take() {
  std::vector<std::exception_ptr> all;
  if (!first_) return all;
  all.reserve(1 + others_.size());
  all.push_back(std::move(first_));
  first_ = nullptr;
  if (others_.empty()) return all;
  key_set seen;
  auto key = [](const std::exception_ptr& e) {
    return std::uint64_t(reinterpret_cast<std::uintptr_t>(thrown_identity(e)));
  };
  seen.reserve(1 + others_.size());
  seen.insert(key(all.front()));
  for (auto& e : others_)
    if (seen.insert(key(e))) all.push_back(std::move(e));
  others_.clear();
  return all;
}

}  // namespace kettle::inline KETTLE_ABI::detail
