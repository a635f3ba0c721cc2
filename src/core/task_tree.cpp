#include "core/task_tree.hpp"

#include <kettle/core/frame.hpp>
#include <kettle/core/wait_point.hpp>

#include <algorithm>
#include <cstring>

namespace kettle::inline KETTLE_ABI {

namespace {

const char* base_name(const char* path) noexcept {
  const char* slash = std::strrchr(path, '/');
  return slash ? slash + 1 : path;
}

// "awaits sleep at brew.cpp:9 <- breakfast.cpp:20": innermost first.
void describe_wait(std::string& out, const context& c) {
  if (!c.waiting_) {
    out += "ready";
    return;
  }
  out += "waits for ";
  out += c.waiting_->what();
  const char* between = " at ";
  for (auto h = c.frame_; h; h = frame_base::of(h).continuation) {
    const frame_base& f = frame_base::of(h);
    if (f.where.line() == 0 || std::strstr(f.where.file_name(), "kettle/coro/"))
      continue;  // a form's own
    out += between;
    out += base_name(f.where.file_name());
    out += ":" + std::to_string(f.where.line());
    between = " <- ";
  }
}

constexpr std::size_t deepest_indent =
    20;  // scopes may nest 100 000 deep: their text must not grow with the square

// Calls visit(context, depth), outer scopes first, until one says true: then that is the answer.
template <class Visit> bool any_context(const cancel_scope& root, Visit visit) {
  std::size_t depth = 1;
  for (const cancel_scope* s = &root; s;) {
    for (const context* c = s->first_member(); c; c = c->scope_next_)
      if (visit(*c, depth)) return true;
    if (s->first_child()) {
      s = s->first_child();
      depth++;
      continue;
    }
    while (s != &root && !s->next_sibling()) s = s->parent(), depth--;
    s = s == &root ? nullptr : s->next_sibling();
  }
  return false;
}

}  // namespace

std::string task_tree(const cancel_scope& root) {
  std::string out;
  any_context(root, [&](const context& c, std::size_t depth) {
    out.append(std::min(depth, deepest_indent) * 2, ' ');
    out += c.name_ ? c.name_ : "task";
    out += std::string(" (") + c.kind_->name + ") ";
    describe_wait(out, c);
    out += "\n";
    return false;
  });
  return out;
}

bool give_up_one(const cancel_scope& root) noexcept {
  return any_context(
      root, [](const context& c, std::size_t) { return c.waiting_ && c.waiting_->give_up(); });
}

}  // namespace kettle::inline KETTLE_ABI
