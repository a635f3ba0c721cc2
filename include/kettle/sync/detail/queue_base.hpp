#pragma once
// What a queue is but for the type of its items: in which order they leave, who waits, what is not
// done yet. Compiled once.
//
// Each item travels in a node of its own, made by who sends it: whoever hands it on, perhaps on
// another thread and in somebody else's wait, has nothing to allocate.

#include <kettle/sync/detail/small_lock.hpp>
#include <kettle/sync/detail/wait_list.hpp>

#include <cstddef>
#include <cstdint>

namespace kettle::inline KETTLE_ABI {

enum class queue_order : std::uint8_t {
  fifo,      // first in, first out
  lifo,      // last in, first out
  priority,  // the least first; of equal ones the first in
};

namespace detail {

struct queue_node {
  queue_node* left = nullptr;  // the next one, where there is no tree
  queue_node* right = nullptr;
  std::uint64_t turn = 0;
};

// A wait of somebody who gives a node, or for one.
class queue_wait : public queued_wait {
 public:
  explicit queue_wait(queue_node* n = nullptr) noexcept : node_(n) {}
  queue_wait(queue_wait&& o) noexcept : queued_wait(o), node_(o.node_) { o.node_ = nullptr; }

 protected:
  ~queue_wait() = default;
  friend class queue_base;
  queue_node* node_;
};

class queue_base {
 public:
  using less = bool (*)(const queue_node&, const queue_node&);
  queue_base(queue_order order, std::size_t capacity, less before) noexcept
      : order_(order), before_(before), capacity_(capacity) {}
  queue_base(const queue_base&) = delete;
  queue_base& operator=(const queue_base&) = delete;

  // The start() of the waits.
  bool start_send(queue_wait& w) noexcept;
  bool start_receive(queue_wait& w) noexcept;
  bool start_join(queued_wait& w) noexcept;
  void remove_sender(queued_wait& w) noexcept { remove(senders_, w); }
  void remove_receiver(queued_wait& w) noexcept { remove(receivers_, w); }
  void remove_joiner(queued_wait& w) noexcept { remove(joiners_, w); }

  bool try_send(queue_node& n) noexcept;  // false: it would have to wait, or is closed
  queue_node* try_receive(bool& ended) noexcept;
  void task_done();
  void close() noexcept;
  queue_node* close_and_empty() noexcept;  // what was in it: a list through `left`
  std::size_t size() const noexcept;
  bool closed() const noexcept;
  std::size_t capacity() const noexcept { return capacity_; }

 protected:
  ~queue_base();
  queue_node* take_all() noexcept;  // by the one who is left alone with it

 private:
  bool give(queue_node*& n, queued_wait*& woken) noexcept;
  queue_node* fetch(queued_wait*& woken) noexcept;
  void insert(queue_node& n) noexcept;
  queue_node* take_first() noexcept;
  queue_node* merge(queue_node* a, queue_node* b) const noexcept;
  bool is_done() const noexcept { return size_ == 0 && taken_ == 0; }
  void remove(wait_list& from, queued_wait& w) noexcept;

  mutable small_lock lock_;
  const queue_order order_;
  bool closed_ = false;
  const less before_;
  const std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t taken_ = 0;  // received, not yet done
  std::uint64_t turn_ = 0;
  queue_node* first_ = nullptr;  // or the root of a skew heap
  queue_node* last_ = nullptr;   // first in, first out
  wait_list senders_;
  wait_list receivers_;
  wait_list joiners_;
};

}  // namespace detail
}  // namespace kettle::inline KETTLE_ABI
