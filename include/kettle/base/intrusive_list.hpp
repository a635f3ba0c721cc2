#pragma once
// A list through its members: it allocates nothing, and any member leaves it at once.
//
//   struct guest : list_links<guest> { ... };
//   intrusive_list<guest> guests;
//   guests.push_back(g);
//   guests.remove(g);                                // g is in this list
//
// Lifetime: a member leaves before it goes. Threads: whoever may touch all its members.

#include <kettle/base/require.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI::detail {

template <class T> class intrusive_list;

template <class T> class list_links {
  friend class intrusive_list<T>;
  T* prev_ = nullptr;
  T* next_ = nullptr;
};

template <class T> class intrusive_list {
 public:
  intrusive_list() noexcept = default;
  intrusive_list(intrusive_list&& o) noexcept
      : head_(std::exchange(o.head_, nullptr)), tail_(std::exchange(o.tail_, nullptr)) {}
  intrusive_list& operator=(intrusive_list&&) = delete;

  bool empty() const noexcept { return head_ == nullptr; }
  T* front() const noexcept { return head_; }
  static T* next(const T& member) noexcept { return links(member).next_; }

  void push_back(T& member) noexcept {
    links(member).prev_ = tail_;
    links(member).next_ = nullptr;
    (tail_ ? links(*tail_).next_ : head_) = &member;
    tail_ = &member;
  }
  void remove(T& member) noexcept {
    list_links<T>& l = links(member);
    (l.prev_ ? links(*l.prev_).next_ : head_) = l.next_;
    (l.next_ ? links(*l.next_).prev_ : tail_) = l.prev_;
  }
  T* pop_front() noexcept {  // null: it is empty
    T* first = head_;
    if (first) remove(*first);
    return first;
  }

 private:
  static list_links<T>& links(T& member) noexcept { return member; }
  static const list_links<T>& links(const T& member) noexcept { return member; }

  T* head_ = nullptr;
  T* tail_ = nullptr;
};

}  // namespace kettle::inline KETTLE_ABI::detail
