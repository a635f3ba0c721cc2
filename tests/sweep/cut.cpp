#include "cut.hpp"

#include "core/home.hpp"

#include <kettle/base/seam.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace kettle::sweep {

namespace {

std::atomic<cut*> armed{nullptr};

// Cancels, one after the other, what it is given.
class other_thread {
 public:
  static other_thread& instance() {
    static other_thread one;
    return one;
  }
  ~other_thread() {
    {
      std::lock_guard here(lock_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void give(scope_handle h) {
    {
      std::lock_guard here(lock_);
      next_.emplace(std::move(h));
      at_work_ = true;
    }
    changed_.notify_one();
  }
  void wait_until_done() {
    std::unique_lock here(lock_);
    done_.wait(here, [this] { return !at_work_; });
  }

 private:
  void work() {
    std::unique_lock here(lock_);
    for (;;) {
      changed_.wait(here, [this] { return over_ || next_; });
      if (!next_) return;
      std::optional<scope_handle> h;
      std::swap(h, next_);
      here.unlock();
      h->cancel("the cut");
      h.reset();
      here.lock();
      at_work_ = false;
      done_.notify_one();
    }
  }

  std::mutex lock_;
  std::condition_variable changed_, done_;
  std::optional<scope_handle> next_;
  bool at_work_ = false, over_ = false;
  std::thread thread_{[this] { work(); }};
};

}  // namespace

const char* name_of(way w) noexcept {
  switch (w) {
    case way::cancel_before: return "cancelled before it";
    case way::cancel_in: return "cancelled in it";
    case way::deadline_before: return "deadline before it";
    case way::deadline_in: return "deadline in it";
    case way::other_thread: return "by another thread";
  }
  return "";
}

// A handle would hide a deadlock: there is one only where it is needed, and it goes with the cut.
void cut::begins() {
  home_ = this_context().at_;
  if (how_ != way::cancel_before && how_ != way::cancel_in) handle_.emplace(scope.handle());
  open_ = true;
}

void cut::ended() noexcept {
  open_ = false;
  ended_ = true;
  ended_at_ = clock::now();
}

void cut::arm() noexcept {
  if (how_ == way::other_thread) other_thread::instance();
  armed = this;
  detail::seam::watch_waits(meet_wait);
}

void cut::disarm() noexcept {
  armed = nullptr;
  if (how_ == way::other_thread) other_thread::instance().wait_until_done();
  handle_.reset();
}

bool cut::was_late() const noexcept {
  return made_ && how_ != way::other_thread && ended_at_ - made_at_ > grace_ + duration(1);
}

std::string cut::how_late() const {
  return std::to_string(std::chrono::duration<double>(ended_at_ - made_at_).count()) + " s";
}

void cut::meet_wait(const char*, bool parks) noexcept {
  cut* c = armed;
  if (!c || !c->open_ || parks == c->counts_before()) return;
  if (c->waits_.fetch_add(1) + 1 == c->at_) c->make();
}

void cut::make() noexcept {
  made_at_ = clock::now();
  made_ = true;
  std::optional<scope_handle> handle;
  std::swap(handle, handle_);
  bool here = tls.at == home_;
  switch (how_) {
    case way::cancel_before:
    case way::cancel_in: return scope.cancel("the cut");  // elsewhere it is a request
    case way::deadline_before:
      if (here) return scope.deadline(made_at_);
      return handle->deadline(made_at_);
    case way::deadline_in:
      if (here) return scope.deadline(made_at_ + duration(1));
      return handle->deadline(made_at_ + duration(1));
    case way::other_thread: return other_thread::instance().give(std::move(*handle));
  }
}

}  // namespace kettle::sweep
