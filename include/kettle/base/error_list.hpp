#pragma once
// Errors in the order in which they happened, each once. Adding one never fails: the first one
// always has a place; a later one for which there is no memory goes to the dropped-error hook.

#include <kettle/base/require.hpp>

#include <exception>
#include <vector>

namespace kettle::inline KETTLE_ABI::detail {

class error_list {
 public:
  bool empty() const noexcept { return !first_; }
  void add(std::exception_ptr e) noexcept;
  // All of them, told apart by the identity of the exception object; the list is empty afterwards.
  std::vector<std::exception_ptr> take();

 private:
  std::exception_ptr first_;
  std::vector<std::exception_ptr> others_;
};

}  // namespace kettle::inline KETTLE_ABI::detail
