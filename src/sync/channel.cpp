#include <kettle/base/error.hpp>
#include <kettle/sync/detail/channel_base.hpp>

#include <utility>

namespace kettle::inline KETTLE_ABI::detail {

channel_end channel_base::new_end() {
  std::uint32_t number = free_end_;
  if (number) {
    free_end_ = ends_[number].next_free;
  } else {
    number = std::uint32_t(ends_.size());
    ends_.emplace_back();
  }
  return {number, ends_[number].turn};
}

channel_end channel_base::attach(channel_side side) {
  small_guard locked(lock_);
  bool sending = side == channel_side::sending;
  if (sending ? ended_ != wait_end::done : broken_)
    throw usage_error(
        sending
            ? "channel.sender: it has ended; make every sender before the first one goes"
            : "channel.receiver: it is broken off; make every receiver before the first one goes");
  channel_end end = new_end();
  ++(sending ? senders_ : receivers_);
  holders_++;
  return end;
}

channel_end channel_base::attach_copy(channel_side side) {
  small_guard locked(lock_);
  channel_end end = new_end();
  ++(side == channel_side::sending ? senders_ : receivers_);
  holders_++;
  return end;
}

// The object itself is neither sender nor receiver, but as long as it lives it can make some.
bool channel_base::detach(channel_side side, channel_end end, channel_ring& left) noexcept {
  wait_list woken;
  bool last;
  {
    small_guard locked(lock_);
    end_goes(end, woken);
    if (side == channel_side::sending) senders_--;
    if (side == channel_side::receiving) receivers_--;
    holders_--;
    if (senders_ == 0 && side != channel_side::receiving) this->end(wait_end::ended, woken);
    if (receivers_ == 0 && side != channel_side::sending) {
      break_off(woken);
      left = std::exchange(ring_, {});
    }
    last = is_left();
  }
  woken.wake_all();
  return last;
}

void channel_base::end_goes(channel_end end, wait_list& woken) noexcept {
  end_slot& slot = ends_[end.number];
  if (slot.waits > 0) {
    end_waits_of(end, waiting_senders_, woken);
    end_waits_of(end, waiting_receivers_, woken);
  }
  slot.waits = 0;
  slot.turn++;
  if (end.number) slot.next_free = std::exchange(free_end_, end.number);
}

// One whose claim is lost to us is about to leave by itself, or starts once more (as a part of a
// select) and finds its end gone; the channel stays for it.
void channel_base::end_waits_of(channel_end end, wait_list& from, wait_list& woken) noexcept {
  for (queued_wait *q = from.front(), *after; q; q = after) {
    after = wait_list::next(*q);
    auto& w = static_cast<channel_wait&>(*q);
    if (w.of_.number != end.number || w.of_.turn != end.turn || !from.grant(w)) continue;
    w.end_ = wait_end::closed;
    w.end_closed_ = true;
    woken.push_back(w);
  }
}

bool channel_base::its_end_has_gone(channel_wait& w) noexcept {
  w.end_closed_ = ends_[w.of_.number].turn != w.of_.turn;
  if (w.end_closed_) w.end_ = wait_end::closed;
  return w.end_closed_;
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
  grant_all(waiting_receivers_, woken, wait_end::ended);
  if (how == wait_end::closed) grant_all(waiting_senders_, woken, wait_end::closed);
}

// Nobody can send any more: so the channel object, too, receives nothing any more.
void channel_base::break_off(wait_list& woken) noexcept {
  broken_ = true;
  grant_all(waiting_senders_, woken, wait_end::broken);
  grant_all(waiting_receivers_, woken, wait_end::ended);
}

void channel_base::grant_all(wait_list& from, wait_list& woken, wait_end how) noexcept {
  while (channel_wait* w = grant_first(from)) {
    w->end_ = how;
    woken.push_back(*w);
  }
}

std::size_t channel_base::size() const noexcept {
  small_guard locked(lock_);
  return ring_.count;
}

bool channel_base::remove(wait_list& from, channel_wait& w) noexcept {
  small_guard locked(lock_);
  bool passed_over = wait_list::is_passed_over(w);
  if (!from.remove(w) && !passed_over) return false;
  leaves(w);
  return is_left();
}

bool channel_base::remove_sender(channel_wait& w) noexcept { return remove(waiting_senders_, w); }
bool channel_base::remove_receiver(channel_wait& w) noexcept {
  return remove(waiting_receivers_, w);
}

void channel_wait::throw_end_closed() {
  throw closed_resource("this end of the channel was closed while somebody waited on it");
}

void channel_base::throw_end(wait_end how) {
  switch (how) {
    case wait_end::broken: throw broken_resource("channel.send: every receiver has gone");
    case wait_end::closed: throw closed_resource("channel.send: the channel was closed");
    default: throw closed_resource("channel.send: the channel has ended, its last sender has gone");
  }
}

}  // namespace kettle::inline KETTLE_ABI::detail
