#include "core/task_tree.hpp"

#include "core/home.hpp"

#include <kettle/core/child.hpp>
#include <kettle/core/frame.hpp>
#include <kettle/core/nursery.hpp>
#include <kettle/core/place.hpp>
#include <kettle/core/wait_point.hpp>

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <typeinfo>

namespace kettle::inline KETTLE_ABI {

namespace {

const char* base_name(const char* path) noexcept {
  const char* slash = std::strrchr(path, '/');
  return slash ? slash + 1 : path;
}

std::string readable(const char* mangled) {
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : mangled;
}

// "crawl(std::string)" where the program exports its symbols, else "server+0x51a0", as addr2line
// takes it.
std::string function_at(const void* code) {
  Dl_info found{};
  if (::dladdr(code, &found) == 0 || !found.dli_fname) return "a function";
  if (found.dli_sname && found.dli_saddr == code) return readable(found.dli_sname);
  char offset[32];
  std::snprintf(offset, sizeof offset, "+0x%tx",
                static_cast<const char*>(code) - static_cast<const char*>(found.dli_fbase));
  return base_name(found.dli_fname) + std::string(offset);
}

// A name is the program's: a line stays a line.
void add_name(std::string& out, std::string_view name) {
  for (char c : name) out += static_cast<unsigned char>(c) < ' ' ? '?' : c;
}

void describe_task(std::string& out, const context& c) {
  if (c.label_) out += "#" + std::to_string(c.label_->number) + " ";
  if (c.name()) {
    add_name(out, c.label_->view());
  } else if (home::is_thread(c)) {
    out += "thread " + std::to_string(c.at_->face().thread_id());
  } else {
    out += "task";
    callable_id called = static_cast<const child_base&>(c).callable();
    if (called.type) out += " " + readable(called.type->name());
    if (called.code) out += " " + function_at(called.code);
  }
  out += std::string(" (") + c.kind_->name + ") ";
}

// "waits for sleep at brew.cpp:9 <- breakfast.cpp:20": innermost first.
void describe_wait(std::string& out, const context& c) {
  if (!c.waiting_) {
    out += tls.current == &c ? "runs" : "ready";
    return;
  }
  c.waiting_->describe(out);
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

constexpr int nearest_scopes = 16;  // among which a shield is looked for: linear, as the rest

// Why it would be cancelled but for a shield; null: it would not.
const cancel_scope* shielded_from(const context& c) noexcept {
  const cancel_scope* s = c.scope_;
  for (int i = 0; s && i < nearest_scopes; i++, s = s->parent())
    if (s->shield())
      return s->parent() && s->parent()->effectively_cancelled() ? s->parent() : nullptr;
  return nullptr;
}

void add_reason(std::string& out, const shared_text& why) {
  if (!*why.c_str()) return;
  out += ": ";
  add_name(out, why.c_str());
}

void describe(std::string& out, const context& c, std::size_t depth) {
  out.append(std::min(depth, deepest_indent) * 2, ' ');
  describe_task(out, c);
  describe_wait(out, c);
  if (is_cancelled(c)) {
    out += ", cancelled";
    add_reason(out, cancel_reason(c));
  } else if (const cancel_scope* outer = shielded_from(c)) {
    out += ", shielded from a cancellation";
    add_reason(out, outer->effective_reason());
  }
  out += "\n";
}

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
    describe(out, c, depth);
    return false;
  });
  return out;
}

std::string tasks_here(home& here) {
  std::string out;
  const context& thread = here.thread();
  if (!thread.scope_ && thread.waiting_) describe(out, thread, 1);
  for (const cancel_scope* s = here.root_scopes; s; s = s->next_sibling()) out += task_tree(*s);
  return out;
}

std::string who_keeps_open(const cancel_scope& root, std::size_t most, std::size_t& more,
                           std::vector<int>& threads) {
  std::string out;
  std::size_t n = 0;
  any_context(root, [&](const context& c, std::size_t) {
    if (c.waiting_ && c.waiting_->is_join()) return false;
    if (++n > most) return false;
    describe(out, c, 1);
    if (int thread = c.waiting_ ? c.waiting_->runs_on() : 0) threads.push_back(thread);
    return false;
  });
  more = n > most ? n - most : 0;
  return out;
}

bool give_up_one(const cancel_scope& root) noexcept {
  return any_context(
      root, [](const context& c, std::size_t) { return c.waiting_ && c.waiting_->give_up(); });
}

}  // namespace kettle::inline KETTLE_ABI
