#include "scaling.hpp"

#include <algorithm>

namespace kettle::app {
namespace {

constexpr std::size_t probe_items = 5;

}  // namespace

cell probe_of(const cell& c) {
  cell probe = c;
  probe.how = method::sequential;
  probe.width = 1;
  std::size_t count = std::min(c.items.size(), probe_items);
  probe.items.clear();
  for (std::size_t i = 0; i < count; i++)
    probe.items.push_back(c.items[i * c.items.size() / count]);
  return probe;
}

item_cost cost_from(const cell_result& probe, std::size_t items) {
  double each = 1 / static_cast<double>(std::max<std::size_t>(items, 1));
  return {probe.wall_s * each, probe.cpu_s * each};
}

double predicted_s(const cell& c, const item_cost& one, int cores) {
  auto items = static_cast<double>(c.items.size());
  auto width = static_cast<double>(std::max<std::size_t>(c.width, 1));
  bool parallel = c.how == method::threads || c.how == method::processes ||
                  (c.work == work_kind::execute && c.how != method::sequential);
  double computing = parallel ? std::min(width, static_cast<double>(std::max(cores, 1))) : 1;
  return std::max(items * one.wall_s / width, items * one.cpu_s / computing);
}

cell on_fewer_items(const cell& c) {
  cell less = c;
  less.items.resize(std::min(c.items.size(), fewer_items));
  less.width = std::min(c.width, less.items.size());
  return less;
}

cell_result scaled_to(const cell_result& r, std::size_t items) {
  cell_result out = r;
  if (r.items == 0 || r.items >= items) return out;
  double factor = static_cast<double>(items) / static_cast<double>(r.items);
  out.wall_s *= factor;
  out.cpu_s *= factor;
  return out;
}

}  // namespace kettle::app
