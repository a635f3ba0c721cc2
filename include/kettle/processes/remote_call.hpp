#pragma once
// The child that a process runs: what it says to the worker, and how it reads the answer.
//
//   what travels: the trampoline below (a function, so: image and offset), the callable,
//                 the arguments
//
// The trampoline knows all types, for both ends are the same build. Its code reference is read from
// memory that a worker cannot write.

#include <kettle/core/place.hpp>
#include <kettle/processes/codec.hpp>

namespace kettle::inline KETTLE_ABI {

// True in a worker process of a pool.
bool in_worker() noexcept;

namespace detail {

// The side of the child that the pool sees. Its child_ finds it in place_data_.
class remote_job {
 public:
  virtual void write(encoder& out) = 0;  // all that the worker needs
  virtual void read(decoder& in) = 0;    // the value; throws decode_error
  virtual void ended() noexcept = 0;     // however it ended, before its future is told

 protected:
  ~remote_job() = default;
};

using trampoline = void (*)(decoder& in, encoder& out);

template <class U, class F, class... A>
class process_child final : public placed_child<U, F, A...>, public remote_job {
  static_assert(!codec_view<U> && !codec_c_string<U>,
                "a result that refers to text would refer to the memory of its worker: return a "
                "std::string");

 public:
  template <class G, class... B>
  process_child(const context_kind& kind, home& at, G&& f, B&&... a)
      : placed_child<U, F, A...>(kind, at, std::forward<G>(f), std::forward<B>(a)...) {
    this->place_data_ = static_cast<remote_job*>(this);
  }

  void write(encoder& out) override {
    encode(out, trampoline(run));
    encode(out, this->parts_.f());
    std::apply([&](auto&... argument) { (encode(out, argument), ...); }, this->parts_.arguments());
  }
  void read(decoder& in) override {
    if constexpr (std::is_void_v<U>)
      this->result_.put();
    else
      this->result_.put(decode<U>(in));
    in.expect_end();
  }
  void ended() noexcept override { this->parts_.drop(); }

 private:
  // In the worker.
  static void run(decoder& in, encoder& out) {
    auto f = decode<F>(in);
    std::tuple<A...> arguments{decode<A>(in)...};
    in.expect_end();
    using R = decltype(std::apply(std::move(f), std::move(arguments)));
    if constexpr (waitable<R>) {
      if constexpr (std::is_void_v<U>)
        std::apply(std::move(f), std::move(arguments)).get();
      else
        encode<U>(out, std::apply(std::move(f), std::move(arguments)).get());
    } else if constexpr (std::is_void_v<U>) {
      std::apply(std::move(f), std::move(arguments));
    } else {
      encode<U>(out, std::apply(std::move(f), std::move(arguments)));
    }
  }
};

}  // namespace detail

}  // namespace kettle::inline KETTLE_ABI
