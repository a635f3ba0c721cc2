#pragma once
// A note to another thread's home: an intrusive node with the function that the receiving thread
// calls with it.
//
// Lifetime: the node belongs to the receiver from post() until its function is called; the function
// may free it. Memory order: what the sender wrote before post() is visible in the function
// (release / acquire on the inbox).

#include <kettle/base/require.hpp>

namespace kettle::inline KETTLE_ABI {

class home;

class mail {
 public:
  using handler = void (*)(mail&) noexcept;
  explicit mail(handler deliver) noexcept : deliver_(deliver) {}

  mail* mail_next_ = nullptr;
  handler deliver_;
};

// From any thread. Wakes the receiver if it sleeps.
void post(home& to, mail& m) noexcept;

}  // namespace kettle::inline KETTLE_ABI
