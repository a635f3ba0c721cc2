#pragma once
// start_ready: starts a child and waits until it says that it is ready.
//
//   task<> server(started<int>& ready, std::string where) { ...; ready(port); co_await serve(); }
//   int port = co_await n.start_ready(server, "tcp:0");
//
// Until `ready` is called the child belongs to the call: its error is thrown there as itself and does not touch the
// nursery, and cancelling the call cancels the child and waits for its end. A child that ends without calling it, or
// calls it twice, has made a usage_error.

#include <kettle/coro/forms.hpp>

#include <optional>

namespace kettle::inline v0 {

template <class V>
class started;

namespace detail {

// In the caller's frame, until the call is settled; the child is told when the caller goes first.
template <class V>
struct ready_call {
  std::optional<V> value;
  std::exception_ptr error;
  bool settled = false;  // said, failed or ended
  bool gave_up = false;  // the caller only waits for the child's end
  wait_point* waiter = nullptr;
  started<V>* child = nullptr;

  void settle() noexcept {
    settled = true;
    if (waiter && waiter->grant()) std::exchange(waiter, nullptr)->granted();
  }
};

template <class V>
class ready_wait : public operation<ready_wait<V>> {
 public:
  explicit ready_wait(ready_call<V>& c) noexcept : call_(c) {}
  bool start() override {
    if (!call_.settled) call_.waiter = this;
    return call_.settled;
  }
  void unlink() noexcept override { call_.waiter = nullptr; }
  const char* what() const noexcept override { return "start_ready"; }
  void finish() noexcept {}

 private:
  ready_call<V>& call_;
};

}  // namespace detail

template <class V>
class started {
 public:
  explicit started(detail::ready_call<V>& call) noexcept : call_(&call) { call.child = this; }
  started(const started&) = delete;
  started& operator=(const started&) = delete;
  ~started() { settle(); }

  // Says so, once. A no-op when the caller has given up meanwhile.
  void operator()(V value) {
    if (std::exchange(called_, true)) throw usage_error("started: called twice by the same child");
    if (!call_ || call_->gave_up) return;
    call_->value.emplace(std::move(value));
    settle();
  }

  // For start_ready. True when the error is the caller's.
  bool give_error(std::exception_ptr e) noexcept {
    if (!call_) return false;
    call_->error = std::move(e);
    settle();
    return true;
  }

 private:
  void settle() noexcept {
    if (auto* c = std::exchange(call_, nullptr)) c->child = nullptr, c->settle();
  }
  detail::ready_call<V>* call_;
  bool called_ = false;
};

namespace detail {

template <class F>
struct ready_value : ready_value<decltype(&std::remove_cvref_t<F>::operator())> {};
template <class R, class V, class... A>
struct ready_value<R (*)(started<V>&, A...)> {
  using type = V;
};
template <class R, class C, class V, class... A>
struct ready_value<R (C::*)(started<V>&, A...) const> {
  using type = V;
};
template <class R, class C, class V, class... A>
struct ready_value<R (C::*)(started<V>&, A...)> {
  using type = V;
};

template <class V, class F, class... A>
task<> ready_child(ready_call<V>* call, F f, A... a) {
  started<V> ready(*call);
  try {
    co_await f(ready, std::move(a)...);
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    if (!ready.give_error(std::current_exception())) throw;
  }
}

template <class V, class F, class... A>
task<V> start_and_wait(nursery& n, F f, A... a) {
  ready_call<V> call;
  future<void> child = n.start(ready_child<V, F, A...>, &call, std::move(f), std::move(a)...);
  std::exception_ptr gave_up;
  try {
    co_await ready_wait<V>(call);
  } catch (...) {
    gave_up = std::current_exception();
  }
  if (gave_up) {
    child.cancel();
    call.gave_up = true;
    try {  // until its cleanup has ended
      co_await shielded(duration::max(), child);
    } catch (...) {
    }
    std::rethrow_exception(gave_up);
  }
  if (call.error) std::rethrow_exception(call.error);
  if (!call.value) throw usage_error("start_ready: the child ended without calling started");
  co_return std::move(*call.value);
}

}  // namespace detail

template <class F, class... A>
auto nursery::start_ready(F&& f, A&&... args) {
  using V = typename detail::ready_value<std::decay_t<F>>::type;
  return detail::start_and_wait<V, std::decay_t<F>, std::decay_t<A>...>(*this, std::forward<F>(f),
                                                                        std::forward<A>(args)...);
}

}  // namespace kettle::inline v0
