#include <kettle/base/assert.hpp>
#include <kettle/base/error.hpp>
#include <kettle/sync/detail/queue_base.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI::detail {

queue_base::~queue_base() {
  KETTLE_ASSERT((senders_.empty() && receivers_.empty() && joiners_.empty()) || exits_here(),
                "a queue was destroyed while somebody waits for it");
}

// A skew heap (Sleator and Tarjan 1986): each merge swaps the children along the right spine, which
// keeps it short on average over all operations. Without recursion.
queue_node* queue_base::merge(queue_node* a, queue_node* b) const noexcept {
  queue_node* root = nullptr;
  queue_node** at = &root;
  while (a && b) {
    bool b_first = before_(*b, *a) || (!before_(*a, *b) && b->turn < a->turn);
    if (b_first) std::swap(a, b);
    *at = a;
    queue_node* rest = a->right;
    a->right = a->left;
    at = &a->left;
    a = rest;
  }
  *at = a ? a : b;
  return root;
}

void queue_base::insert(queue_node& n) noexcept {
  n.left = n.right = nullptr;
  n.turn = turn_++;
  size_++;
  switch (order_) {
    case queue_order::fifo:
      (first_ ? last_->left : first_) = &n;
      last_ = &n;
      return;
    case queue_order::lifo: n.left = std::exchange(first_, &n); return;
    case queue_order::priority: first_ = merge(first_, &n); return;
  }
}

queue_node* queue_base::take_first() noexcept {
  queue_node* n = first_;
  if (!n) return nullptr;
  size_--;
  first_ = order_ == queue_order::priority ? merge(n->left, n->right) : n->left;
  return n;
}

// Hands it to somebody who waits, or keeps it; false: neither can be done now.
bool queue_base::give(queue_node*& n, queued_wait*& woken) noexcept {
  woken = receivers_.grant_first();
  if (woken) {
    static_cast<queue_wait*>(woken)->node_ = std::exchange(n, nullptr);
    taken_++;
    return true;
  }
  if (size_ >= capacity_) return false;
  insert(*std::exchange(n, nullptr));
  return true;
}

// The first there is, and lets the next sender in.
queue_node* queue_base::fetch(queued_wait*& woken) noexcept {
  queue_node* n = take_first();
  woken = senders_.grant_first();
  if (woken) {
    queue_node* sent = std::exchange(static_cast<queue_wait*>(woken)->node_, nullptr);
    if (n)
      insert(*sent);
    else
      n = sent;
  }
  if (n) taken_++;
  return n;
}

bool queue_base::start_send(queue_wait& w) noexcept {
  queued_wait* woken = nullptr;
  {
    small_guard locked(lock_);
    w.end_ = closed_ ? wait_end::closed : wait_end::done;
    if (closed_) return true;  // finish() throws
    if (!give(w.node_, woken)) {
      senders_.push_back(w);
      return false;
    }
  }
  if (woken) woken->granted();
  return true;
}

bool queue_base::start_receive(queue_wait& w) noexcept {
  queued_wait* woken = nullptr;
  {
    small_guard locked(lock_);
    w.node_ = fetch(woken);
    if (!w.node_ && !closed_) {
      receivers_.push_back(w);
      return false;
    }
  }
  if (woken) woken->granted();
  return true;
}

bool queue_base::start_join(queued_wait& w) noexcept {
  small_guard locked(lock_);
  if (is_done()) return true;
  joiners_.push_back(w);
  return false;
}

bool queue_base::try_send(queue_node& n) noexcept {
  queued_wait* woken = nullptr;
  bool sent;
  {
    small_guard locked(lock_);
    queue_node* given = &n;
    sent = !closed_ && give(given, woken);
  }
  if (woken) woken->granted();
  return sent;
}

queue_node* queue_base::try_receive(bool& ended) noexcept {
  queued_wait* woken = nullptr;
  queue_node* n;
  {
    small_guard locked(lock_);
    n = fetch(woken);
    ended = !n && closed_;
  }
  if (woken) woken->granted();
  return n;
}

void queue_base::task_done() {
  wait_list woken;
  {
    small_guard locked(lock_);
    if (taken_ == 0) throw usage_error("queue.task_done: called more often than items were taken");
    taken_--;
    if (is_done()) joiners_.grant_all(woken);
  }
  woken.wake_all();
}

// Who waits to receive has found nothing, and nothing will come.
void queue_base::close() noexcept {
  wait_list woken;
  {
    small_guard locked(lock_);
    closed_ = true;
    senders_.grant_all(woken, wait_end::closed);
    receivers_.grant_all(woken, wait_end::ended);
  }
  woken.wake_all();
}

queue_node* queue_base::take_all() noexcept {
  queue_node* all = nullptr;
  while (queue_node* n = take_first()) n->left = std::exchange(all, n);
  return all;
}

queue_node* queue_base::close_and_empty() noexcept {
  close();
  queue_node* dropped;
  wait_list woken;
  {
    small_guard locked(lock_);
    dropped = take_all();
    if (is_done()) joiners_.grant_all(woken);
  }
  woken.wake_all();
  return dropped;
}

std::size_t queue_base::size() const noexcept {
  small_guard locked(lock_);
  return size_;
}

bool queue_base::closed() const noexcept {
  small_guard locked(lock_);
  return closed_;
}

void queue_base::remove(wait_list& from, queued_wait& w) noexcept {
  small_guard locked(lock_);
  from.remove(w);
}

}  // namespace kettle::inline KETTLE_ABI::detail
