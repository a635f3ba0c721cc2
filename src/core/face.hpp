#pragma once
// What other threads may see of a home: which thread it is, which task it runs, and a note that
// asks it to tell of its tasks. All homes of the process are in one list of faces.
//
// Memory order: the list, and `running` of a face, are read under the list's lock; what is read
// there stays alive, because whoever lets go of a name takes the face's own lock first and finds it
// shown no more. `runs` is called for every context that is resumed, and writes one word.

#include <kettle/base/atomic.hpp>
#include <kettle/base/seam.hpp>
#include <kettle/base/spin_lock.hpp>
#include <kettle/base/text.hpp>
#include <kettle/core/mail.hpp>

#include <cstddef>
#include <string_view>

namespace kettle::inline KETTLE_ABI {

class context;
class home;
struct dump;

struct debugger_view;

class home_face {
 public:
  explicit home_face(home& h) noexcept;  // it is in the list from now on
  home_face(const home_face&) = delete;
  home_face& operator=(const home_face&) = delete;
  void leave() noexcept;  // and is not any more: nobody begins to post to the home

  // The home's own thread.
  void runs(detail::text_block* label) noexcept {
    if (detail::seam::exploring()) return;
    running_.store(label, relaxed);
  }
  void forget(const detail::text_block* label) noexcept;  // its task has ended
  // The thread goes on as the task of that name; gives the one it was. Both belong to the caller.
  detail::text_block* carry(context& thread, detail::text_block* label) noexcept;
  void relabel(context& c, detail::text_block* label) noexcept;  // one that had none
  // It waits for work somewhere else than in its home, and need not be asked.
  void rests(bool on) noexcept {
    if (detail::seam::exploring()) return;
    resting_.store(on, relaxed);
  }
  bool resting() const noexcept { return resting_.load(relaxed); }
  // Somebody has asked, and waits.
  bool is_asked() const noexcept { return !detail::seam::exploring() && posted_.load(relaxed); }

  // Any thread, under the list's lock.
  home& owner() const noexcept { return at_; }
  int thread_id() const noexcept { return thread_id_; }
  home_face* next() const noexcept { return next_; }
  void ask() noexcept;  // posts the note, unless it is on its way
  void ask_to_print() noexcept {
    prints_.store(true, relaxed);  // published by the post
    ask();
  }
  bool answered() const noexcept { return !posted_.load(acquire); }
  // Copies the name of the task that runs; at most `room` bytes. False: it has none, or somebody
  // is about to change it.
  bool try_running(char* to, std::size_t& room) noexcept;
  // The same of any context of the home, which must not end meanwhile: what it is called.
  std::string_view label_of(const context& c, char* to, std::size_t room) noexcept;

  struct list {
    spin_lock lock;
    home_face* first = nullptr;
    dump* asking = nullptr;  // those who wait for answers
  };
  static list& all() noexcept;

 private:
  friend struct debugger_view;
  struct note final : mail {
    explicit note(home_face& f) noexcept : mail(deliver), face(f) {}
    static void deliver(mail& m) noexcept;
    home_face& face;
  };
  static void before_fork() noexcept;
  static void in_parent() noexcept;
  static void in_child() noexcept;

  home& at_;
  int thread_id_ = 0;
  bool listed_ = false;
  atomic<bool> posted_{false};
  atomic<bool> prints_{false};
  atomic<bool> resting_{false};
  atomic<detail::text_block*> running_{nullptr};
  spin_lock lock_;  // of the labels of the home's contexts, for those who look from elsewhere
  home_face* prev_ = nullptr;
  home_face* next_ = nullptr;
  note note_;
};

// What it says when it is asked, on its own thread: goes to stderr if it shall, and to all who wait
// for it in dump_tasks.
void home_answers(home& h, bool prints) noexcept;

}  // namespace kettle::inline KETTLE_ABI
