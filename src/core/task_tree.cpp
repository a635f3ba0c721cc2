#include "core/task_tree.hpp"

#include <kettle/core/frame.hpp>
#include <kettle/core/wait_point.hpp>

#include <cstring>

namespace kettle::inline v0 {

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
    if (f.where.line() == 0 || std::strstr(f.where.file_name(), "kettle/coro/")) continue;  // a form's own
    out += between;
    out += base_name(f.where.file_name());
    out += ":" + std::to_string(f.where.line());
    between = " <- ";
  }
}

void walk(std::string& out, const cancel_scope& s, int depth) {
  for (const context* c = s.first_member(); c; c = c->scope_next_) {
    out.append(std::size_t(depth) * 2, ' ');
    out += c->name_ ? c->name_ : "task";
    out += std::string(" (") + c->kind_->name + ") ";
    describe_wait(out, *c);
    out += "\n";
  }
  for (const cancel_scope* inner = s.first_child(); inner; inner = inner->next_sibling()) walk(out, *inner, depth + 1);
}

}  // namespace

std::string task_tree(const cancel_scope& root) {
  std::string out;
  walk(out, root, 1);
  return out;
}

}  // namespace kettle::inline v0
