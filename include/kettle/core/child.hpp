#pragma once
// A child of a nursery, or a task of a pool: the node that owns callable and arguments, is the
// running context when the child runs on its nursery's home, and keeps the result until its future
// takes it.
//
// Lifetime, without a reference count: the word below is exchanged by whoever leaves first. The
// completer writes `done` (and frees the node if it finds `abandoned`), the future's destructor
// writes `abandoned` (and frees it if it finds `done`). A cancel() on another thread than the
// child's home sets the bit `asked` and posts a request; until that has arrived nobody writes
// `done`, so that the node is there when it does. Memory order: acq_rel, so that the one who frees
// or reads sees all the other one wrote.

#include <kettle/base/atomic.hpp>
#include <kettle/base/error.hpp>
#include <kettle/base/freelist.hpp>
#include <kettle/core/context.hpp>
#include <kettle/core/wait_point.hpp>

#include <cstdint>
#include <exception>
#include <type_traits>
#include <typeinfo>

namespace kettle::inline KETTLE_ABI {

// What a task calls: a function object's type, or a function.
struct callable_id {
  const std::type_info* type = nullptr;
  const void* code = nullptr;
};
template <class F> callable_id id_of(const F& f) noexcept {
  if constexpr (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>)
    return {nullptr, reinterpret_cast<const void*>(f)};
  else
    return {&typeid(F), nullptr};
}

enum class ending : std::uint8_t { none, value, error, cancelled };

class child_base : public context {
 public:
  using context::context;
  virtual ~child_base() { detail::text_block::drop(label_); }

  // For the task tree, where it has no name.
  virtual callable_id callable() const noexcept { return {}; }
  // Where the value lies after ending::value; its type is known to the future.
  virtual void* result() noexcept = 0;
  // Asked by its future, from any thread.
  virtual void request_cancel() noexcept;
  // Asked by who is about to wait for it: run it yourself if you can. True: it was run.
  virtual bool help() noexcept { return false; }
  // Who waits for it has parked (null: goes on), on his home: in between it may be run in his
  // place.
  virtual void awaited(const context*) noexcept {}

  // The small ones first: they fit behind the last one of the context. The flags are written before
  // anybody else knows the child.
  ending ending_ = ending::none;
  bool keeps_error_ : 1 = false;  // as_outcome, pools: the error is the future's, not the nursery's
  bool as_outcome_ : 1 = false;   // the future gives an outcome of the result
  bool service_ : 1 = false;      // as_service
  bool ended_ : 1 = false;        // but for a request to cancel it that is under way
  nursery* nursery_ = nullptr;    // null for a pool's own task
  std::exception_ptr error_;
  atomic<std::uintptr_t> word_{running};  // or the waiting wait_point; `asked` is added to either

  static constexpr std::uintptr_t running = 0, done = 1, abandoned = 2, asked = 4;
  // Puts `to` where `from` is, but for `asked`. False: something else is there, `from` says what.
  bool exchange_word(std::uintptr_t& from, std::uintptr_t to) noexcept;

  void fail(std::exception_ptr e) noexcept;  // sets ending_ to error or cancelled
  // The result is in place: tells the future, or frees the node. False: a request to cancel it is
  // under way, and completes it when it arrives.
  bool complete() noexcept;
  void abandon() noexcept;  // the future is gone
  bool is_done() const noexcept { return word_.load(acquire) == done; }

  // Ends it on the nursery's home: leaves the scope, tells the nursery, completes. May delete it.
  void finish() noexcept;

 protected:
  void ask_home_to_cancel() noexcept;

 private:
  struct cancel_request;
};

// Classifies the exception being handled.
ending ending_of(const std::exception_ptr& e) noexcept;

}  // namespace kettle::inline KETTLE_ABI
