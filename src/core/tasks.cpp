#include <kettle/core/tasks.hpp>

#include "core/face.hpp"
#include "core/home.hpp"
#include "core/task_tree.hpp"
#include "core/tasks.hpp"
#include "sys/futex.hpp"
#include "sys/outsiders.hpp"
#include "sys/process.hpp"
#include "sys/signals.hpp"

#include <kettle/core/nursery.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace kettle::inline KETTLE_ABI {

// One that asks. It lies on the asker's stack, and in the list while answers are welcome.
struct dump {
  struct answer {
    const home_face* from;
    int thread_id;
    bool resting, own;
    std::shared_ptr<const std::string> text;  // null: none came
    char running[64] = {};                    // then: what it runs
    bool gone = false;                        // it has ended meanwhile
  };
  std::vector<answer> answers;
  atomic<std::uint32_t> left{0};  // those that have not answered
  dump* next = nullptr;
};

namespace {

std::uint64_t next_number() noexcept {
  if (detail::seam::exploring()) return 1;  // one more thing to meet in, for nothing
  static constinit atomic<std::uint64_t> last{0};
  return last.fetch_add(1, relaxed) + 1;
}

constexpr duration patience = std::chrono::milliseconds(100);
// Somebody may be asking us at the same time, and waits as long as we do.
constexpr duration look_at_mail = std::chrono::milliseconds(5);

// Lists all homes, and asks those that neither rest nor are our own.
void ask_all(dump& d, std::size_t room) {
  d.answers.reserve(room);  // nothing is allocated under the lock
  home_face::list& all = home_face::all();
  spin_guard here(all.lock);
  for (home_face* f = all.first; f && d.answers.size() < room; f = f->next()) {
    bool own = tls.at && f == &tls.at->face();
    d.answers.push_back({f, f->thread_id(), f->resting(), own, nullptr});
    if (!own && !f->resting()) d.left.fetch_add(1, relaxed);
  }
  d.next = std::exchange(all.asking, &d);
  for (home_face* f = all.first; f; f = f->next())
    if (!f->resting() && !(tls.at && f == &tls.at->face())) f->ask();
}

std::size_t count_faces() noexcept {
  home_face::list& all = home_face::all();
  spin_guard here(all.lock);
  std::size_t n = 0;
  for (home_face* f = all.first; f; f = f->next()) n++;
  return n;
}

void wait_for_answers(dump& d, duration patience) noexcept {
  context* me = tls.current;
  time_point now = sys::monotonic_now(), end = after(now, patience);
  for (; now < end; now = sys::monotonic_now()) {
    std::uint32_t left = d.left.load(acquire);
    if (left == 0) return;
    sys::futex_wait(d.left, left, std::min(end, after(now, look_at_mail)));
    if (!tls.at) continue;
    tls.at->take_mail();
    tls.current = me;  // a child of ours that ended may have been among the mail
  }
}

// No answer comes any more; those that gave none are looked at from here.
void close(dump& d) noexcept {
  home_face::list& all = home_face::all();
  spin_guard here(all.lock);
  dump** link = &all.asking;
  while (*link != &d) link = &(*link)->next;
  *link = d.next;
  for (dump::answer& a : d.answers) {
    if (a.text || a.own || a.resting) continue;
    a.gone = true;
    for (home_face* f = all.first; f; f = f->next()) {
      if (f != a.from) continue;
      std::size_t room = sizeof a.running - 1;
      if (!f->try_running(a.running, room)) a.running[0] = '\0';
      a.gone = false;
      a.resting = f->resting();  // since it was asked
    }
  }
}

void describe_silent(std::string& out, const dump::answer& a) {
  out += "thread " + std::to_string(a.thread_id) + ": no answer for 100 ms; it ";
  switch (sys::thread_state(a.thread_id)) {
    case 'R': out += "computes"; break;
    case 'S':
    case 'D': out += "is in a system call"; break;
    default: out += "is stopped"; break;
  }
  if (a.running[0]) out += std::string(", in task ") + a.running;
  out += "\n";
}

std::string head_of(int thread_id) { return "thread " + std::to_string(thread_id) + ":\n"; }

void dump_into(std::string& out, const std::vector<int>* only, duration how_long = patience) {
  dump d;
  ask_all(d, count_faces() + 8);  // a thread that begins just now has little to tell
  wait_for_answers(d, how_long);
  close(d);
  std::size_t resting = 0;
  for (const dump::answer& a : d.answers) {
    if (only && std::find(only->begin(), only->end(), a.thread_id) == only->end()) continue;
    if (a.resting) {
      resting++;
    } else if (a.own || a.text) {
      std::string own = a.own ? tasks_here(*tls.at) : std::string();
      const std::string& text = a.own ? own : *a.text;
      if (!text.empty()) out += head_of(a.thread_id) + text;
    } else if (!a.gone) {
      describe_silent(out, a);
    }
  }
  if (resting > 0) out += std::to_string(resting) + " threads wait for work\n";
}

}  // namespace

namespace detail {

text_block* label_for(const start_options& o) {
  if (o.same_task) return text_block::keep(tls.current ? tls.current->label_ : nullptr);
  if (o.name.empty()) return nullptr;
  text_block* label = text_block::make(o.name, next_number());
  label->travels = o.name_travels;
  return label;
}

}  // namespace detail

task_info current_task() {
  context& c = this_context();
  if (!c.label_) c.at_->face().relabel(c, detail::text_block::make("", next_number()));
  return {c.label_->view(), c.label_->number};
}

void home_answers(home& h, bool prints) noexcept {
  std::shared_ptr<const std::string> text;
  try {
    text = std::make_shared<std::string>(tasks_here(h));
    if (prints && !text->empty()) print_lines(head_of(h.face().thread_id()) + *text);
  } catch (const std::bad_alloc&) {
    return;  // then it was silent
  }
  home_face::list& all = home_face::all();
  spin_guard here(all.lock);
  for (dump* d = all.asking; d; d = d->next) {
    for (dump::answer& a : d->answers) {
      if (a.from != &h.face() || a.text || a.own) continue;
      a.text = text;
      d->left.fetch_sub(1, release);
      sys::futex_wake(d->left);
    }
  }
}

void dump_tasks(std::string& out) { dump_into(out, nullptr); }

void dump_patiently(std::string& out, duration how_long) { dump_into(out, nullptr, how_long); }

void dump_threads(std::string& out, const std::vector<int>& which) { dump_into(out, &which); }

void dump_tasks() {
  std::string text = "kettle: tasks of process " + std::to_string(sys::process_id()) + "\n";
  dump_tasks(text);
  print_lines(text);
}

// Whole lines, at most so many bytes at once, that a pipe takes in one piece: what several threads
// print is not mixed within a line.
void print_lines(std::string_view text) noexcept {
  constexpr std::size_t piece = 4096;
  sys::no_sigpipe here;
  while (!text.empty()) {
    std::size_t n = text.size();
    if (n > piece) {
      std::size_t line = text.rfind('\n', piece - 1);
      n = line == std::string_view::npos ? piece : line + 1;
    }
    sys::write_to_stderr(text.data(), n);
    text.remove_prefix(n);
  }
}

}  // namespace kettle::inline KETTLE_ABI
