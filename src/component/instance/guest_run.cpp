#include "component/instance/guest_run.hpp"

#include "component/instance/caller.hpp"

namespace wisp::component {

GuestRun::~GuestRun() = default;

Result<> GuestRun::start(std::move_only_function<void()> work) {
  fiber_ = TRY(shard_->fibers().take());
  work_ = std::move(work);
  done_ = false;
  inline_ = true;
  fiber_->start(&GuestRun::entry, this);
  inline_ = false;
  if (done_) {
    shard_->fibers().give(fiber_);
    fiber_ = nullptr;
  }
  return {};
}

void GuestRun::entry(void* self) {
  auto& run = *static_cast<GuestRun*>(self);
  run.work_();
  run.work_ = nullptr;
  if (run.inline_) {
    run.done_ = true;
    return;
  }
  // The fiber is still in use here; it is given back from the loop.
  boost::asio::post(run.shard_->loop(), [&run] { run.complete(); });
}

void GuestRun::complete() {
  shard_->fibers().give(fiber_);
  fiber_ = nullptr;
  done_ = true;
  if (continuation_) std::exchange(continuation_, nullptr)();
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
}

void GuestRun::park(GuestWaiter* waiter) {
  const auto since = std::chrono::steady_clock::now();
  waiter_ = waiter;
  engine::Fiber::park();
  waiter_ = nullptr;
  parked_ += std::chrono::steady_clock::now() - since;
}

void GuestRun::yield() {
  const auto since = std::chrono::steady_clock::now();
  shard_->overrun();
  parked_ += std::chrono::steady_clock::now() - since;
}

}  // namespace wisp::component
