#pragma once
// nursery::start and its tags: what turns a function and its arguments into a child.
//
//   n.start(fetch, url);
//   n.start(on_thread, build, 2);
//   n.start(as_outcome, name("peer"), echo, std::move(s));

#include <kettle/core/nursery.hpp>
#include <kettle/core/tasks.hpp>
#include <kettle/coro/task.hpp>

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // g++ 12: false, for coroutines in headers
#endif

namespace kettle::inline KETTLE_ABI {

// The default place: a task on this loop. An ordinary function does not compile there.
struct on_loop_t {
  static constexpr bool is_place = true;
};
inline constexpr on_loop_t on_loop{};

// Tags of start.
struct as_service_t {
  static constexpr bool is_tag = true;
  void apply(detail::start_options& o) const noexcept { o.service = true; }
};
inline constexpr as_service_t as_service{};  // cancelled when only services are left

struct interruptible_t {
  static constexpr bool is_tag = true;
  void apply(detail::start_options& o) const noexcept { o.late = lateness::interruptible; }
};
inline constexpr interruptible_t
    interruptible{};  // on a thread: cancelling makes system calls return EINTR

struct abandon_t {
  static constexpr bool is_tag = true;
  void apply(detail::start_options& o) const noexcept { o.late = lateness::abandon; }
};
inline constexpr abandon_t
    abandon{};  // on a thread: cancelling does not wait; f must own all it uses

struct deadline {
  static constexpr bool is_tag = true;
  explicit deadline(any_duration from_now) : at(after(clock::now(), from_now)) {}
  explicit deadline(time_point t) noexcept : at(t) {}
  void apply(detail::start_options&) const noexcept {}
  time_point at;
};

// What the task is called in errors and dumps, and by current_task(); on a thread or in a process
// the system's thread is called so too while it runs. Copied.
class name {
 public:
  static constexpr bool is_tag = true;
  explicit name(std::string_view text) : text_(text) {}
  void apply(detail::start_options& o) const noexcept { o.name = text_; }

 private:
  std::string text_;
};

namespace detail {

// What a form or a call runs for the task that waits for it is that task: its name and number.
struct same_task_t {
  static constexpr bool is_tag = true;
  void apply(start_options& o) const noexcept { o.same_task = true; }
};
inline constexpr same_task_t same_task{};

// The body of run: a name for errors and dumps only.
struct root_name_t {
  static constexpr bool is_tag = true;
  void apply(start_options& o) const noexcept { o.name = "root", o.name_travels = false; }
};
inline constexpr root_name_t root_name{};

template <class X> concept start_tag = requires { requires std::remove_cvref_t<X>::is_tag; };

// A child that is a task on its nursery's loop.
template <class U, class F, class... A> class loop_child final : public child_base {
 public:
  template <class G, class... B>
  loop_child(home& at, G&& f, B&&... a)
      : child_base(kind, at), parts_(std::forward<G>(f), std::forward<B>(a)...) {}
  ~loop_child() override {
    if (root_) root_.destroy();
  }

  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* node, std::size_t size) noexcept { free_block_of(node, size); }

  const auto& parts() const noexcept { return parts_; }
  callable_id callable() const noexcept override { return id_of(parts_.f()); }
  void* result() noexcept override {
    if constexpr (result_stays)
      return root_.promise().result.address();
    else
      return result_.address();
  }

 private:
  // When callable and arguments are nothing that anybody could wait for, the frame may keep the
  // result.
  static constexpr bool result_stays = call_parts<F, A...>::trivial;

  static void resume(context& c) noexcept {
    auto& self = static_cast<loop_child&>(c);
    tls.current = &self;
    if (self.root_) {
      run_chain(self.frame_);
    } else if (!self.begin()) {
      self.parts_.drop();
      return self.finish();
    }
    if (self.root_.done()) self.end();
  }
  static constexpr context_kind kind{"coroutine", resume, nullptr};

  bool begin() noexcept {
    if (is_cancelled(*this)) {  // cancelled before its first step: the body never runs
      ending_ = ending::cancelled;
      return false;
    }
    try {
      root_ = parts_.call().release();
    } catch (...) {
      fail(std::current_exception());
      return false;
    }
    run_chain(root_);
    return true;
  }
  void end() noexcept {
    if (root_.promise().error) {
      fail(std::move(root_.promise().error));
      if (ending_ == ending::error && !keeps_error_)
        nursery_->failed_at(*this, root_.promise().where);
    } else {
      ending_ = ending::value;
    }
    if constexpr (!result_stays) let_go();
    finish();
  }
  // What the child was given goes now, though its future may live on: the coroutine's parameters
  // are in its frame.
  void let_go() noexcept {
    if constexpr (!std::is_void_v<U>) {
      try {
        if (ending_ == ending::value) result_.put(std::move(*root_.promise().result.typed()));
      } catch (...) {
        fail(std::current_exception());
      }
    }
    std::exchange(root_, nullptr).destroy();
    parts_.drop();
  }

  [[no_unique_address]] call_parts<F, A...> parts_;
  task_handle<U> root_;
  [[no_unique_address]] std::conditional_t<result_stays, later<void>, later<U>> result_;
};

// For functions that return an operation or a future rather than a task.
template <class R, class F> struct awaiting {
  F f;
  template <class... A> task<R> operator()(A... a) {
    auto wait = std::move(f)(std::move(a)...);
    co_return co_await wait;
  }
};

template <class F> struct call_hold;
template <class H> task<typename H::result> fail_on(time_point at, duration d, H h);

// The deadline tag: f under fail_at, wherever it runs.
template <class F> struct by_deadline {
  F f;
  time_point at;
  template <class... A>
  auto operator()(A... a)
      -> task<final_result_t<decltype(std::declval<F>()(std::declval<A>()...))>> {
    auto body = [&] { return std::move(f)(std::move(a)...); };
    co_return co_await fail_on(at, duration::max(), call_hold<decltype(body)&>{body});
  }
};

// map keeps the errors of its items: in their futures, as they are.
struct keep_error_t {
  static constexpr bool is_tag = true;
  void apply(start_options& o) const noexcept { o.keeps_error = true; }
};
inline constexpr keep_error_t keep_error{};

// Asked before anything is deduced from the call, so that these are the first errors.
#define KETTLE_CHECK_CALLABLE(...)                                                                \
  static_assert(::kettle::detail::no_task_yet<__VA_ARGS__>,                                       \
                "give start the function and its arguments: n.start(fetch, url); a task already " \
                "made may refer to arguments that are gone");                                     \
  static_assert(::kettle::detail::callable_with<__VA_ARGS__>,                                     \
                "one of them cannot be copied: pass std::move(x) to give it away, or std::ref(x)" \
                " for an object declared before the nursery")

template <class F, class...> inline constexpr bool no_task_yet = !task_type<F>;
template <class F, class... A>
inline constexpr bool callable_with =
    task_type<F> || (std::conjunction_v<std::is_constructible<std::decay_t<A>, A>...> &&
                     std::is_invocable_v<std::decay_t<F>, std::decay_t<A>...>);

template <class F, class... A>
using call_result = decltype(std::apply(std::declval<std::decay_t<F>>(),
                                        std::declval<std::tuple<std::decay_t<A>...>>()));

template <bool AsOutcome, class U>
using future_value = std::conditional_t<AsOutcome, outcome<U>, U>;

// Whether a part of a child refers to a local of the nursery's body, as far as its bytes tell.
template <class T> bool refers_to_body(const nursery& n, const T& part) noexcept {
  if constexpr (std::is_empty_v<T>) {
    return false;
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    alignas(T) unsigned char copy[sizeof(T)];
    __builtin_memcpy(copy, static_cast<const void*>(std::addressof(part)), sizeof(T));
#if __has_builtin(__builtin_clear_padding)
    __builtin_clear_padding(reinterpret_cast<T*>(copy));  // it is copied too, whatever lay there
#endif
    return n.body_holds_one_of(copy, sizeof(T));
  } else {
    return n.body_holds_one_of(std::addressof(part), sizeof(T));
  }
}

template <class Child> bool child_refers_to_body(const nursery& n, const Child& c) noexcept {
  if constexpr (!is_checked_build) return false;
  auto any = [&](auto&... part) { return (refers_to_body(n, part) || ...); };
  return any(c.parts().f()) || std::apply(any, c.parts().arguments());
}

template <bool AsOutcome, class F, class... A>
auto start_on_loop(nursery& n, const start_options& o, F&& f, A&&... a) {
  using R = call_result<F, A...>;
  static_assert(waitable<R>,
                "an ordinary function would block the loop: give it a place: "
                "n.start(on_thread, f, args...)");
  if constexpr (task_type<R>) {
    using U = typename R::value_type;
    auto* c = new loop_child<U, std::decay_t<F>, std::decay_t<A>...>(n.at(), std::forward<F>(f),
                                                                     std::forward<A>(a)...);
    n.adopt(*c, o, child_refers_to_body(n, *c));
    make_ready(*c);
    return future<future_value<AsOutcome, U>>(c);
  } else {
    using wrapper = awaiting<final_result_t<R>, std::decay_t<F>>;
    return start_on_loop<AsOutcome>(n, o, wrapper{std::forward<F>(f)}, std::forward<A>(a)...);
  }
}

template <class P, class U, class F, class... A>
using new_child =
    typename child_at<std::remove_cvref_t<P>, U, std::decay_t<F>, std::decay_t<A>...>::type;

// The one way in which a place gets a child. A place that throws has not taken it.
template <class P> void launch_in(P& place, placed_child_base& c) {
  try {
    place.launch(c);
  } catch (...) {
    c.end_unlaunched(std::current_exception());
    throw;
  }
}

// The nursery's part of an abandoned call: when it is cancelled it lets go of the one that really
// runs.
template <class U> task<U> wait_or_abandon(future<U> call) {
  try {
    co_return co_await call;
  } catch (const cancelled&) {
    call.cancel();
    throw;
  }
}

template <bool AsOutcome, class P, class F, class... A>
auto start_abandonable(nursery& n, P& place, const start_options& o, F&& f, A&&... a) {
  using U = final_result_t<call_result<F, A...>>;
  auto* c = new new_child<P, U, F, A...>(unplaced_kind, n.at(), std::forward<F>(f),
                                         std::forward<A>(a)...);
  c->keeps_error_ = true;
  c->lateness_ = lateness::abandon;
  // Launched last, when the nursery has taken the child that waits for it; never in a scope that is
  // cancelled.
  struct unlaunched {
    placed_child_base* call;
    ~unlaunched() {
      if (call) call->end_unlaunched(std::make_exception_ptr(cancelled{"its start was cancelled"}));
    }
  } mine{c};
  c->label_ = label_for(o);
  auto result = start_on_loop<AsOutcome>(n, o, wait_or_abandon<U>, future<U>(c));
  if (!is_cancelled(*future_access::child(result)))
    launch_in(place, *std::exchange(mine.call, nullptr));
  return result;
}

template <bool AsOutcome, class P, class F, class... A>
auto start_in_place(nursery& n, P& place, const start_options& o, F&& f, A&&... a) {
  using U = final_result_t<call_result<F, A...>>;
  if (o.late == lateness::abandon)
    return start_abandonable<AsOutcome>(n, place, o, std::forward<F>(f), std::forward<A>(a)...);
  auto* c = new new_child<P, U, F, A...>(unplaced_kind, n.at(), std::forward<F>(f),
                                         std::forward<A>(a)...);
  n.adopt(*c, o, child_refers_to_body(n, *c));
  c->lateness_ = o.late;
  future<future_value<AsOutcome, U>> result(c);
  launch_in(place, *c);
  return result;
}

template <bool AsOutcome, class X, class... Y>
auto parse_start(nursery& n, start_options& o, X&& x, Y&&... y);

// Moves the deadline past other tags and the place, to the function.
template <bool AsOutcome, class X, class... Y>
auto parse_deadline(nursery& n, start_options& o, time_point at, X&& x, Y&&... y) {
  if constexpr (std::is_same_v<std::remove_cvref_t<X>, as_outcome_t>) {
    o.keeps_error = o.as_outcome = true;
    return parse_deadline<true>(n, o, at, std::forward<Y>(y)...);
  } else if constexpr (start_tag<X>) {
    x.apply(o);
    return parse_deadline<AsOutcome>(n, o, at, std::forward<Y>(y)...);
  } else if constexpr (place_type<X>) {
    return [&]<class F, class... A>(F&& f, A&&... a) {
      return parse_start<AsOutcome>(n, o, x, by_deadline<std::decay_t<F>>{std::forward<F>(f), at},
                                    std::forward<A>(a)...);
    }(std::forward<Y>(y)...);
  } else {
    return parse_start<AsOutcome>(n, o, by_deadline<std::decay_t<X>>{std::forward<X>(x), at},
                                  std::forward<Y>(y)...);
  }
}

template <bool AsOutcome, class X, class... Y>
auto parse_start(nursery& n, start_options& o, X&& x, Y&&... y) {
  using bare = std::remove_cvref_t<X>;
  if constexpr (std::is_same_v<bare, as_outcome_t>) {
    o.keeps_error = o.as_outcome = true;
    return parse_start<true>(n, o, std::forward<Y>(y)...);
  } else if constexpr (std::is_same_v<bare, deadline>) {
    return parse_deadline<AsOutcome>(n, o, x.at, std::forward<Y>(y)...);
  } else if constexpr (start_tag<X>) {
    x.apply(o);
    return parse_start<AsOutcome>(n, o, std::forward<Y>(y)...);
  } else if constexpr (std::is_same_v<bare, on_loop_t>) {
    KETTLE_CHECK_CALLABLE(Y...);
    return start_on_loop<AsOutcome>(n, o, std::forward<Y>(y)...);
  } else if constexpr (place_type<X>) {
    KETTLE_CHECK_CALLABLE(Y...);
    return start_in_place<AsOutcome>(n, x, o, std::forward<Y>(y)...);
  } else {
    KETTLE_CHECK_CALLABLE(X, Y...);
    return start_on_loop<AsOutcome>(n, o, std::forward<X>(x), std::forward<Y>(y)...);
  }
}

}  // namespace detail

template <class... X> auto nursery::start(X&&... x) {
  detail::start_options o;
  return detail::parse_start<false>(*this, o, std::forward<X>(x)...);
}

}  // namespace kettle::inline KETTLE_ABI

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
