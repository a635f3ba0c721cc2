#pragma once
// Where a function runs. A place gets a placed child (callable, arguments and room for the result)
// and sees to it that child.call() runs exactly once on some context, or never if it is cancelled
// while queued.
//
//   struct my_place { static constexpr bool is_place = true; void launch(placed_child& c) const; };
//
// launch() is called on the nursery's home; pools' own tasks (nursery null) from any thread. If it
// throws, it has not taken the child: that ends with the error, and start() throws it.

#include <kettle/core/call_parts.hpp>
#include <kettle/core/child.hpp>
#include <kettle/core/job_queue.hpp>

#include <type_traits>
#include <utility>

namespace kettle::inline KETTLE_ABI {

template <class P> concept place_type = requires { requires std::remove_cvref_t<P>::is_place; };

// Base of places: makes `place(f, args...)` a wait, one call there. Defined in coro/place_call.hpp.
template <class P> class callable_place {
 public:
  static constexpr bool is_place = true;
  template <class F, class... A> auto operator()(F&& f, A&&... a) const;
};

enum class lateness : std::uint8_t { waits, interruptible, abandon };

class placed_child_base;
// Until its place has taken it.
extern const context_kind unplaced_kind;

class placed_child_base : public child_base {
 public:
  using child_base::child_base;
  ~placed_child_base() override;
  // Runs the callable on the current context and keeps its result or error. Once.
  virtual void call() noexcept = 0;
  void request_cancel() noexcept override;

  // It could not be given to its place: ends it with that error, which is thrown to its starter.
  void end_unlaunched(std::exception_ptr e) noexcept;

  // For places that run children on other threads. begin_remote() on the nursery's home, before the
  // child is queued: false means that it is cancelled already and has been ended, do not queue it;
  // an exception, that nothing has happened.
  // run_remote() on the worker thread; it ends the child (nothing may touch it afterwards).
  bool begin_remote(job_queue& queue);
  void run_remote() noexcept;
  // Ends a child that was taken out of its ticket, as cancelled or (fail() before) failed; from any
  // thread.
  void end_unrun() noexcept;
  // From begin_remote() on; the queue drops its share.
  queue_ticket& ticket() const noexcept { return *ticket_; }
  // On a worker of its queue, when nobody has begun it: runs it here and now, for the thread has to
  // wait for it anyway. So a task that waits for another one of its own pool cannot block the pool.
  // Elsewhere it may only see to its end, as its queue knows how to (far_calls), and gives false.
  bool help() noexcept override;
  void awaited(const context* by) noexcept override;
  // Before the thread sleeps: runs one of those that its innermost job waits for.
  static bool help_queued(thread_context& job) noexcept;
  static bool has_queued(
      const thread_context& job) noexcept;  // of those, one that nobody has begun
  // Nobody will ever run them: ends the newest with deadlock_error.
  static void give_up_awaited(thread_context& job) noexcept;

  lateness lateness_ = lateness::waits;
  std::uint32_t place_state_ = 0;  // the place's own
  void* place_data_ = nullptr;

 protected:
  void ask_remote_cancel(shared_text reason) noexcept;

 private:
  friend struct detail::remote_link;
  static void deliver_cancel(mail& m) noexcept;
  static void deliver_finished(mail& m) noexcept;

  queue_ticket* ticket_ = nullptr;  // of a child on another thread
};

// The child that a place runs: U is what the callable gives in the end.
template <class U, class F, class... A> class placed_child : public placed_child_base {
 public:
  template <class G, class... B>
  placed_child(const context_kind& kind, home& at, G&& f, B&&... a)
      : placed_child_base(kind, at), parts_(std::forward<G>(f), std::forward<B>(a)...) {}

  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* node, std::size_t size) noexcept { free_block_of(node, size); }

  const auto& parts() const noexcept { return parts_; }
  callable_id callable() const noexcept override { return id_of(parts_.f()); }
  void* result() noexcept override { return result_.address(); }
  void call() noexcept override {
    try {
      using R = decltype(parts_.call());
      if constexpr (waitable<R>) {
        if constexpr (std::is_void_v<U>)
          parts_.call().get();
        else
          result_.put(parts_.call().get());
      } else if constexpr (std::is_void_v<U>) {
        parts_.call();
      } else {
        result_.put(parts_.call());
      }
      ending_ = ending::value;
    } catch (...) {
      fail(std::current_exception());
    }
    parts_.drop();
  }

 protected:
  [[no_unique_address]] call_parts<F, A...> parts_;
  later<U> result_;
};

namespace detail {

// The kind of child that a place of type P wants: its own (`P::child`), or the plain one.
template <class P, class U, class F, class... A> struct child_at {
  using type = placed_child<U, F, A...>;
};
template <class P, class U, class F, class... A>
  requires requires { typename P::template child<U, F, A...>; }
struct child_at<P, U, F, A...> {
  using type = typename P::template child<U, F, A...>;
};

}  // namespace detail

}  // namespace kettle::inline KETTLE_ABI
