#include "component/instance/caller.hpp"

#include "component/instance/tree.hpp"

namespace wisp::component {

Tree& Caller::tree() const noexcept { return instance_->tree(); }

boost::asio::io_context& Caller::loop() const noexcept { return tree().run().shard().loop(); }

HostContext& Caller::host_context() const noexcept { return tree().context(); }

GuestWaiter::GuestWaiter(Caller& caller) : run_(&caller.tree().run()) {}

void GuestWaiter::wake() noexcept {
  woken_ = true;
  if (std::exchange(parked_, false)) run_->shard().resume_later(*run_);
}

Result<> GuestWaiter::wait() {
  if (run_->cancelled()) return std::unexpected(*run_->cancelled());
  wait_regardless();
  if (run_->cancelled()) return std::unexpected(*run_->cancelled());
  return {};
}

void GuestWaiter::wait_regardless() {
  if (!woken_) {
    parked_ = true;
    run_->waiter_ = this;
    run_->pause();
    run_->waiter_ = nullptr;
  }
  woken_ = false;
}

Result<> wait_cancellable(Caller& caller, GuestWaiter& done, const bool& finished, void (*cancel)(void*),
                          void* argument) {
  GuestRun& run = caller.tree().run();
  bool told = false;
  while (!finished) {
    if (run.cancelled() && !told) {
      told = true;
      cancel(argument);
      continue;
    }
    done.wait_regardless();
  }
  if (run.cancelled()) return std::unexpected(*run.cancelled());
  return {};
}

}  // namespace wisp::component
