#pragma once
// Where a function runs. A place gets a placed child (callable, arguments and room for the result)
// and sees to it that child.call() runs exactly once on some context, or never if it is cancelled
// while queued.
//
//   struct my_place { static constexpr bool is_place = true; void launch(placed_child& c) const; };
//
// launch() is called on the nursery's home; pools' own tasks (nursery null) from any thread.

#include <kettle/core/child.hpp>
#include <kettle/core/future.hpp>
#include <kettle/core/mail.hpp>
#include <kettle/core/scope.hpp>

#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

namespace kettle::inline v0 {

template <class P> concept place_type = requires { requires std::remove_cvref_t<P>::is_place; };

// Base of places: makes `place(f, args...)` a wait, one call there. Defined in coro/place_call.hpp.
template <class P> class callable_place {
 public:
  static constexpr bool is_place = true;
  template <class F, class... A> auto operator()(F&& f, A&&... a) const;
};

// Anything that can be awaited: a task, an operation, a future.
template <class T> concept task_type = requires { requires std::remove_cvref_t<T>::is_task; };
template <class W>
concept waitable =
    task_type<W> || operation_type<std::remove_cvref_t<W>> || is_future<std::remove_cvref_t<W>>;

template <class W> struct wait_result {
  using type = decltype(std::declval<std::remove_reference_t<W>&>().get());
};
template <task_type W> struct wait_result<W> {
  using type = typename std::remove_cvref_t<W>::value_type;
};
template <class W> using wait_result_t = typename wait_result<W>::type;

// What calling f gives in the end: the value of the wait it returns, or its plain result.
template <class R> struct final_result {
  using type = R;
};
template <waitable R> struct final_result<R> {
  using type = wait_result_t<R>;
};
template <class R> using final_result_t = typename final_result<R>::type;

enum class lateness : std::uint8_t { waits, interruptible, abandon };

class placed_child_base;
class domain;
struct backlog;

namespace detail {

class interrupter;

// How a child that runs on another thread hangs together with its nursery.
struct remote_link {
  static constexpr std::uint8_t running = 1, cancel_asked = 2, finished = 4;
  atomic<std::uint8_t> bits{
      0};  // acq_rel throughout: each side reads what the other wrote before its bit
  bool cancel_delivered = false;  // on the worker
  home* worker = nullptr;         // valid once `running` is set
  cancel_scope* root = nullptr;   // the worker's
  kettle::domain* domain = nullptr;
  kettle::backlog* backlog = nullptr;  // where the domain counts it until it begins
  time_point deadline = never;
  interrupter* interrupts = nullptr;  // of an interruptible child; lives as long as the child
};

}  // namespace detail

// Until its place has taken it.
extern const context_kind unplaced_kind;

// What lies in a queue in a child's place. Whoever takes the child out of it owns the child: a
// worker, who runs it; a canceller, who ends it; or the one who waits for it and runs it himself.
// So a child that was taken back can go while its ticket still lies somewhere in a queue. Two hold
// it: the queue and the child.
class queue_ticket {
 public:
  explicit queue_ticket(placed_child_base& c) noexcept : child_(&c) {}
  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* p, std::size_t size) noexcept { free_block_of(p, size); }

  // acq_rel: the taker sees the child as its starter left it.
  placed_child_base* take() noexcept {
    if (!child_.load(relaxed)) return nullptr;  // spares a write to somebody else's cache line
    return child_.exchange(nullptr, acq_rel);
  }
  bool waits() const noexcept { return child_.load(relaxed) != nullptr; }
  void drop() noexcept {
    if (holders_.fetch_sub(1, acq_rel) == 1)
      delete this;  // acq_rel: the last one sees all uses before
  }

  queue_ticket* next = nullptr;  // the queue's own link

 private:
  atomic<placed_child_base*> child_;
  atomic<std::uint32_t> holders_{2};
};

// The engine that a child on another thread was given to.
class job_queue {
 public:
  virtual ~job_queue() = default;
  virtual bool is_here() const noexcept = 0;  // is the current thread one of its workers?
  // How many jobs its threads may be at work on, so that the next one waits for one of those.
  virtual std::uint32_t most_at_work() const noexcept { return ~std::uint32_t(0); }
  // A queue whose jobs do not run on a home of this process ends them itself: true, it will.
  virtual bool cancel(placed_child_base&) noexcept { return false; }
};

class placed_child_base : public child_base {
 public:
  using child_base::child_base;
  ~placed_child_base() override;
  // Runs the callable on the current context and keeps its result or error. Once.
  virtual void call() noexcept = 0;
  void request_cancel() noexcept override;

  // For places that run children on other threads. begin_remote() on the nursery's home, before the
  // child is queued: false means that it is cancelled already and has been ended, do not queue it.
  // run_remote() on the worker thread; it ends the child (nothing may touch it afterwards).
  bool begin_remote(job_queue& queue) noexcept;
  void run_remote() noexcept;
  // Ends a child that was taken out of its ticket, as cancelled or (fail() before) failed; from any
  // thread.
  void end_unrun() noexcept;
  queue_ticket& ticket() const noexcept {
    return *ticket_;
  }  // from begin_remote() on; the queue drops its share
  // On a worker of its queue, when nobody has begun it: runs it here and now, for the thread has to
  // wait for it anyway. So a task that waits for another one of its own pool cannot block the pool.
  bool help() noexcept override;
  static bool help_one_of(cancel_scope& s) noexcept;  // a child in s that is waiting to run

  void* place_data_ = nullptr;  // the place's own
  std::uint32_t place_state_ = 0;
  lateness lateness_ = lateness::waits;

 private:
  struct remote_wait final : wait_point {
    explicit remote_wait(placed_child_base& c) noexcept : child(c) {}
    bool start() override { return false; }
    void unlink() noexcept override {}
    void cancel() noexcept override { child.ask_remote_cancel(); }
    const char* what() const noexcept override {
      return child.ticket_->waits() ? "a free thread" : "another thread";
    }
    placed_child_base& child;
  };
  struct note : mail {
    note(handler h, placed_child_base& c) noexcept : mail(h), child(c) {}
    placed_child_base& child;
  };
  void ask_remote_cancel() noexcept;
  static void deliver_cancel(mail& m) noexcept;
  static void deliver_finished(mail& m) noexcept;

  job_queue* queue_ = nullptr;
  queue_ticket* ticket_ = nullptr;
  detail::remote_link link_;
  remote_wait remote_wait_{*this};
  note cancel_note_{deliver_cancel, *this};
  note finished_note_{deliver_finished, *this};
};

// Room for a value that comes later.
template <class T> class later {
 public:
  later() noexcept {}
  ~later() {
    if (full_) value_.~T();
  }
  template <class... A> void put(A&&... a) {
    ::new (static_cast<void*>(typed())) T(std::forward<A>(a)...);
    full_ = true;
  }
  T* typed() noexcept { return __builtin_addressof(value_); }
  void* address() noexcept { return typed(); }

 private:
  union {
    T value_;
  };
  bool full_ = false;
};

template <> class later<void> {
 public:
  void put() noexcept {}
  void* typed() noexcept { return nullptr; }
  void* address() noexcept { return nullptr; }
};

// A callable and its arguments. They go when the call has ended, though its future lives on: among
// them may be an end of a channel, or a guard.
template <class F, class... A> struct call_members {
  template <class G, class... B>
  explicit call_members(G&& g, B&&... b)
      : f(std::forward<G>(g)), arguments(std::forward<B>(b)...) {}
  [[no_unique_address]] F f;
  [[no_unique_address]] std::tuple<A...> arguments;
};

template <class F, class... A> class call_parts {
 public:
  static constexpr bool trivial = false;
  template <class G, class... B>
  explicit call_parts(G&& g, B&&... b) : members_(std::forward<G>(g), std::forward<B>(b)...) {}
  call_parts(const call_parts&) = delete;
  call_parts& operator=(const call_parts&) = delete;
  ~call_parts() { drop(); }
  decltype(auto) call() { return std::apply(std::move(members_.f), std::move(members_.arguments)); }
  const F& f() const noexcept { return members_.f; }
  F& f() noexcept { return members_.f; }
  const std::tuple<A...>& arguments() const noexcept { return members_.arguments; }
  std::tuple<A...>& arguments() noexcept { return members_.arguments; }
  void drop() noexcept {
    if (!std::exchange(dropped_, true)) members_.~call_members<F, A...>();
  }

 private:
  union {
    call_members<F, A...> members_;
  };
  bool dropped_ = false;
};

template <class F, class... A>
  requires std::is_trivially_destructible_v<call_members<F, A...>>
class call_parts<F, A...> : call_members<F, A...> {
 public:
  static constexpr bool trivial = true;
  using members = call_members<F, A...>;
  using members::members;
  decltype(auto) call() { return std::apply(std::move(members::f), std::move(members::arguments)); }
  const F& f() const noexcept { return members::f; }
  F& f() noexcept { return members::f; }
  const std::tuple<A...>& arguments() const noexcept { return members::arguments; }
  std::tuple<A...>& arguments() noexcept { return members::arguments; }
  void drop() noexcept {}
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

}  // namespace kettle::inline v0
