#include "component/instance/guest_run.hpp"

#include "component/instance/caller.hpp"

namespace wisp::component {

GuestRun::~GuestRun() = default;

Result<> GuestRun::start(std::move_only_function<void()> work) {
  work_ = std::move(work);
  auto started = start(&GuestRun::entry, this);
  if (!started) work_ = nullptr;
  return started;
}

Result<> GuestRun::start(engine::Fiber::Entry entry, void* argument) {
  fiber_ = TRY(shard_->fibers().take());
  done_ = false;
  enter(entry, argument);
  return {};
}

void GuestRun::entry(void* self) {
  auto& run = *static_cast<GuestRun*>(self);
  run.work_();
  run.work_ = nullptr;
}

/// Starts the fiber, or goes on with it when there is no entry, from a frame of the run that is current.
void GuestRun::enter(engine::Fiber::Entry entry, void* argument) {
  caller_ = shard_->current_;
  if (caller_ != nullptr) {
    caller_->callee_ = this;
  } else {
    shard_->guest_begins();
  }
  shard_->current_ = this;
  blocked_ = false;
  entry != nullptr ? fiber_->start(entry, argument) : fiber_->resume();
  while (paused_ && caller_ != nullptr) {
    shard_->current_ = caller_;
    caller_->pause();
    shard_->current_ = this;
    paused_ = false;
    fiber_->resume();
  }
  shard_->current_ = caller_;
  if (paused_) shard_->pause_begins();
  came_back();
}

void GuestRun::resume() { enter(nullptr, nullptr); }

void GuestRun::came_back() {
  if (paused_) return;
  if (caller_ != nullptr) {
    caller_->callee_ = nullptr;
    caller_ = nullptr;
  }
  if (!fiber_->idle()) return;
  shard_->fibers().give(fiber_);
  fiber_ = nullptr;
  done_ = true;
}

/// From the loop, for the outermost run of a chain.
void GuestRun::resume_paused() {
  shard_->guest_begins();
  shard_->pause_ends();
  shard_->current_ = this;
  paused_ = false;
  fiber_->resume();
  shard_->current_ = nullptr;
  came_back();
  if (paused_) {
    shard_->pause_begins();
    return;
  }
  if (done_ && continuation_) std::exchange(continuation_, nullptr)();
  if (owner_ != nullptr) owner_->left(*this);
}

boost::asio::awaitable<void> GuestRun::finished() {
  if (done_) co_return;
  co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable), void()>(
      [this](auto handler) {
        continuation_ = [this, handler = std::move(handler)]() mutable {
          boost::asio::post(shard_->loop(), std::move(handler));
        };
      },
      boost::asio::use_awaitable);
}

void GuestRun::cancel(Error reason) {
  if (done_ || cancelled_) return;
  cancelled_.emplace(std::move(reason));
  if (waiter_ != nullptr) waiter_->wake();
  if (callee_ != nullptr) callee_->cancel(*cancelled_);
}

GuestRun& GuestRun::top() noexcept {
  GuestRun* run = this;
  while (run->caller_ != nullptr) run = run->caller_;
  return *run;
}

void GuestRun::block() {
  blocked_ = true;
  engine::Fiber::park();
}

void GuestRun::pause() {
  paused_ = true;
  ++pauses_;
  engine::Fiber::park();
}

void GuestRun::yield() { shard_->overrun(*this); }

}  // namespace wisp::component
