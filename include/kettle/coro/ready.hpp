#pragma once
// start_ready: starts a child and waits until it says that it is ready.
//
//   task<> server(started<int>& ready, std::string where) { ...; ready(port); co_await serve(); }
//   int port = co_await n.start_ready(server, "tcp:0");
//
// Until `ready` is called the child belongs to the call: its error is thrown there as itself and
// does not touch the nursery, and cancelling the call cancels the child and waits for its end. A
// child that ends without calling it, or calls it twice, has made a usage_error.

#include <kettle/coro/forms.hpp>

#include <memory>
#include <optional>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"  // g++ 12: false, for coroutines in headers
#endif

namespace kettle::inline KETTLE_ABI {

template <class V> class started;

namespace detail {

// Shared by the call and its child, whichever goes first.
template <class V> struct ready_call {
  using event = bool ready_call::*;
  std::optional<V> value;
  std::exception_ptr error;
  bool settled = false;  // said, failed or ended
  bool ended = false;
  bool cut = false;      // ended by cancellation
  bool gave_up = false;  // the caller only waits for the child's end
  wait_point* waiter = nullptr;
  event awaited = nullptr;

  void happens(event e) noexcept {
    this->*e = true;
    if (waiter && awaited == e && waiter->grant()) std::exchange(waiter, nullptr)->granted();
  }
};

template <class V> class ready_wait : public operation<ready_wait<V>> {
 public:
  ready_wait(ready_call<V>& c, typename ready_call<V>::event e) noexcept : call_(c), event_(e) {}
  bool start() override {
    if (call_.*event_) return true;
    call_.waiter = this;
    call_.awaited = event_;
    return false;
  }
  void unlink() noexcept override { call_.waiter = nullptr; }
  const char* what() const noexcept override { return "start_ready"; }
  void finish() noexcept {}

 private:
  ready_call<V>& call_;
  typename ready_call<V>::event event_;
};

}  // namespace detail

template <class V> class started {
 public:
  explicit started(detail::ready_call<V>& call) noexcept : call_(call) {}
  started(const started&) = delete;
  started& operator=(const started&) = delete;

  // Says so, once. A no-op when the caller has given up meanwhile.
  void operator()(V value) {
    if (std::exchange(called_, true)) throw usage_error("started: called twice by the same child");
    if (call_.gave_up) return;
    call_.value.emplace(std::move(value));
    call_.happens(&detail::ready_call<V>::settled);
  }

  // For start_ready. True when the error is the caller's.
  bool give_error(std::exception_ptr e) noexcept {
    if (call_.value) return false;
    call_.error = std::move(e);
    return true;
  }

 private:
  detail::ready_call<V>& call_;
  bool called_ = false;
};

namespace detail {

template <class F>
struct ready_value : ready_value<decltype(&std::remove_cvref_t<F>::operator())> {};
template <class R, class V, class... A> struct ready_value<R (*)(started<V>&, A...)> {
  using type = V;
};
template <class R, class C, class V, class... A>
struct ready_value<R (C::*)(started<V>&, A...) const> {
  using type = V;
};
template <class R, class C, class V, class... A> struct ready_value<R (C::*)(started<V>&, A...)> {
  using type = V;
};

template <class V, class F, class... A>
task<> ready_child(std::shared_ptr<ready_call<V>> call, F f, A... a) {
  started<V> ready(*call);
  try {
    co_await f(ready, std::move(a)...);
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    if (!ready.give_error(std::current_exception())) throw;
  }
}

template <class V, class F, class... A> task<V> start_and_wait(nursery& n, F f, A... a) {
  using call_type = ready_call<V>;
  auto call = std::make_shared<call_type>();
  future<void> child = n.start(ready_child<V, F, A...>, call, std::move(f), std::move(a)...);
  child_base* node = future_access::child(child);
  std::exception_ptr gave_up;
  try {
    // Not the child's own doing: one that was cancelled before its first step never runs.
    child.on_done([call](const outcome<void>& end) {
      call->cut = !end;
      call->happens(&call_type::settled);
      call->happens(&call_type::ended);
    });
    co_await ready_wait<V>(*call, &call_type::settled);
  } catch (...) {
    gave_up = std::current_exception();
  }
  if (gave_up) {
    call->gave_up = true;
    if (child.valid()) {  // there was no memory to be told of its end
      child.cancel();
      try {
        co_await shielded(duration::max(), child);
      } catch (...) {  // only its end was asked for
      }
    } else if (!call->ended) {  // until its cleanup has ended
      node->request_cancel();
      co_await shielded(duration::max(), ready_wait<V>(*call, &call_type::ended));
    }
    std::rethrow_exception(call->error ? call->error : gave_up);
  }
  if (call->error) std::rethrow_exception(call->error);
  if (!call->value && call->cut) throw cancelled{"start_ready: the child was cancelled"};
  if (!call->value) throw usage_error("start_ready: the child ended without calling started");
  co_return std::move(*call->value);
}

}  // namespace detail

template <class F, class... A> auto nursery::start_ready(F&& f, A&&... args) {
  using V = typename detail::ready_value<std::decay_t<F>>::type;
  return detail::start_and_wait<V, std::decay_t<F>, std::decay_t<A>...>(*this, std::forward<F>(f),
                                                                        std::forward<A>(args)...);
}

}  // namespace kettle::inline KETTLE_ABI

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
