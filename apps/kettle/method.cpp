#include "method.hpp"

namespace kettle::app {

std::string_view name_of(method m) {
  switch (m) {
    case method::sequential: return "sequential";
    case method::threads: return "threads";
    case method::processes: return "processes";
    case method::coroutines: return "coroutines";
    case method::green: return "green";
    case method::fibers: return "fibers";
  }
  return "unknown";
}

std::optional<method> method_named(std::string_view name) {
  for (method m : all_methods)
    if (name_of(m) == name) return m;
  return std::nullopt;
}

std::vector<method> default_methods(bool with_green) {
  std::vector<method> some = {method::sequential, method::threads, method::processes,
                              method::coroutines};
  if (with_green) some.push_back(method::green);
  return some;
}

std::string method_names() {
  std::string all;
  for (method m : all_methods) {
    if (!all.empty()) all += ", ";
    all += name_of(m);
  }
  return all;
}

}  // namespace kettle::app
