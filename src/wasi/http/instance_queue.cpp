#include "wasi/http/instance_queue.hpp"

namespace wisp::wasi::http {

using Clock = std::chrono::steady_clock;

InstanceQueue::InstanceQueue(component::Shard& shard, component::TreePool& pool, const component::Lift& lift,
                             Limits limits)
    : shard_(shard), pool_(pool), lift_(lift), limits_(limits), timer_(shard.loop()) {}

bool InstanceQueue::holds_back() const {
  if (places_.empty() && pool_.has_room(lift_)) return false;
  return limits_.patience.count() != 0 && places_.size() < limits_.places;
}

void InstanceQueue::push(Place& place) {
  place.until_ = Clock::now() + limits_.patience;
  places_.push_back(place);
  if (!room_.linked()) room_.link(pool_.room(), *this);
  wait();
}

void InstanceQueue::run() noexcept {
  while (!places_.empty() && pool_.has_room(lift_)) {
    Place& first = places_.front();
    places_.pop_front();
    first.admitted();
  }
  if (!places_.empty() && !room_.linked()) room_.link(pool_.room(), *this);
}

/// All wait equally long: the first is the first to have waited enough.
void InstanceQueue::wait() {
  if (timed_ || places_.empty()) return;
  timed_ = true;
  timer_.expires_at(places_.front().until_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) expire();
  });
}

void InstanceQueue::expire() {
  timed_ = false;
  const auto now = Clock::now();
  while (!places_.empty() && places_.front().until_ <= now) {
    Place& first = places_.front();
    places_.pop_front();
    first.expired(Error(Errc::no_capacity, "no instance of the component became free in time"));
  }
  wait();
}

}  // namespace wisp::wasi::http
