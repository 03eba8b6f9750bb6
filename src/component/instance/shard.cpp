#include "component/instance/shard.hpp"

#include "component/instance/guest_run.hpp"

#include <boost/asio/post.hpp>

#include <ctime>

namespace wisp::component {

namespace {

/// Coarse, since pauses are frequent: a few nanoseconds to read, and right in sums.
std::chrono::nanoseconds coarse_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

Shard::Shard(std::shared_ptr<engine::Engine> engine, engine::FiberOptions fibers)
    : engine_(std::move(engine)), fibers_(fibers) {}

Shard::~Shard() = default;

void Shard::resume_later(GuestRun& run) { enqueue(run.top()); }

void Shard::enqueue(Runnable& runnable) {
  if (runnable.is_linked()) return;
  ready_.push_back(runnable);
  if (ready_posted_) return;
  ready_posted_ = true;
  boost::asio::post(loop_, [this] { run_ready(); });
}

/// What becomes ready meanwhile has its turn at once, as long as few have had theirs: then the loop looks at
/// sockets and timers first.
void Shard::run_ready() {
  std::uint32_t turns = 0;
  while (!ready_.empty() && turns < kReadyTurns) {
    Queue batch;
    batch.swap(ready_);
    for (; !batch.empty(); ++turns) {
      Runnable& next = batch.front();
      batch.pop_front();
      next.run();
    }
  }
  ready_posted_ = !ready_.empty();
  if (ready_posted_) boost::asio::post(loop_, [this] { run_ready(); });
}

void Shard::overrun(GuestRun& run) {
  overrunning_.push_back(&run.top());
  if (!overrun_posted_) {
    overrun_posted_ = true;
    boost::asio::post(loop_, [this] { run_one_overrun(); });
  }
  run.pause();
}

void Shard::pause_begins() noexcept {
  const auto now = coarse_now();
  paused_time_ += paused_ * (now - paused_since_);
  paused_since_ = now;
  ++paused_;
}

void Shard::pause_ends() noexcept {
  const auto now = coarse_now();
  paused_time_ += paused_ * (now - paused_since_);
  paused_since_ = now;
  --paused_;
}

std::chrono::nanoseconds Shard::paused_time() const noexcept {
  return paused_ == 0 ? paused_time_ : paused_time_ + paused_ * (coarse_now() - paused_since_);
}

void Shard::overrun_begins() {
  if (overrunners_++ == 0) engine_->tick_faster(true);
}

void Shard::overrun_ends() {
  if (--overrunners_ == 0) engine_->tick_faster(false);
}

void Shard::run_one_overrun() {
  overrun_posted_ = false;
  GuestRun* const run = overrunning_.front();
  overrunning_.pop_front();
  if (!overrunning_.empty()) {
    overrun_posted_ = true;
    boost::asio::post(loop_, [this] { run_one_overrun(); });
  }
  run->resume_paused();
}

}  // namespace wisp::component
