#include <kettle/base/assert.hpp>
#include <kettle/base/error.hpp>
#include <kettle/sync/detail/channel_base.hpp>

namespace kettle::inline KETTLE_ABI::detail {

void channel_base::attach(channel_side side) {
  small_guard locked(lock_);
  bool sending = side == channel_side::sending;
  if (sending ? ended_ != wait_end::done : broken_)
    throw usage_error(
        sending
            ? "channel.sender: it has ended; make every sender before the first one goes"
            : "channel.receiver: it is broken off; make every receiver before the first one goes");
  ++(sending ? senders_ : receivers_);
  holders_++;
}

void channel_base::attach_copy(channel_side side) noexcept {
  small_guard locked(lock_);
  ++(side == channel_side::sending ? senders_ : receivers_);
  holders_++;
}

// The object itself is neither sender nor receiver, but as long as it lives it can make some.
bool channel_base::detach(channel_side side) noexcept {
  wait_list woken;
  bool last;
  {
    small_guard locked(lock_);
    last = --holders_ == 0;
    if (side == channel_side::sending) senders_--;
    if (side == channel_side::receiving) receivers_--;
    if (senders_ == 0 && side != channel_side::receiving) end(wait_end::ended, woken);
    if (receivers_ == 0 && side != channel_side::sending) break_off(woken);
  }
  KETTLE_ASSERT(!last || (waiting_senders_.empty() && waiting_receivers_.empty()) || exits_here(),
                "the last end of a channel has gone while somebody waits for it");
  woken.wake_all();
  return last;
}

void channel_base::close() noexcept {
  wait_list woken;
  {
    small_guard locked(lock_);
    end(wait_end::closed, woken);
  }
  woken.wake_all();
}

// Who waits to receive has found nothing, and nothing will come. Who waits to send has not been
// taken: only close() finds such.
void channel_base::end(wait_end how, wait_list& woken) noexcept {
  if (ended_ == wait_end::done) ended_ = how;
  waiting_receivers_.grant_all(woken, wait_end::ended);
  if (how == wait_end::closed) waiting_senders_.grant_all(woken, wait_end::closed);
}

void channel_base::break_off(wait_list& woken) noexcept {
  broken_ = true;
  waiting_senders_.grant_all(woken, wait_end::broken);
}

std::size_t channel_base::size() const noexcept {
  small_guard locked(lock_);
  return count_;
}

void channel_base::remove_sender(queued_wait& w) noexcept {
  small_guard locked(lock_);
  waiting_senders_.remove(w);
}

void channel_base::remove_receiver(queued_wait& w) noexcept {
  small_guard locked(lock_);
  waiting_receivers_.remove(w);
}

void channel_base::throw_end(wait_end how) {
  switch (how) {
    case wait_end::broken: throw broken_resource("channel.send: every receiver has gone");
    case wait_end::closed: throw closed_resource("channel.send: the channel was closed");
    default: throw closed_resource("channel.send: the channel has ended, its last sender has gone");
  }
}

}  // namespace kettle::inline KETTLE_ABI::detail
