#include "component/instance/task.hpp"

#include "component/instance/tree.hpp"

namespace wisp::component {

Task::Task(ComponentInstance& instance, const Lift& lift, CallSource& source)
    : instance_(&instance), lift_(&lift), source_(&source), implicit_(*this) {}

Task::~Task() = default;

void Task::register_thread(Thread& thread) {
  ++threads_;
  thread.set_index(instance_->threads().add(thread));
}

Result<> Task::unregister_thread(Thread& thread) {
  instance_->threads().remove(thread.index());
  if (--threads_ > 0) return {};
  if (state_ != State::resolved)
    return wisp::fail(Errc::trap_abi, "task exited without calling `task.return` or `task.cancel`");
  return {};
}

Result<> Task::start(CallSide& side, FlatSpan params) {
  state_ = State::started;
  if (source_ == nullptr) return wisp::fail(Errc::cancelled, "the caller is gone");
  return source_->start(side, params);
}

Result<> Task::resolve(CallSide& side, FlatSpan results) {
  if (state_ == State::resolved)
    return wisp::fail(Errc::trap_abi,
                      "`task.return` or `task.cancel` called more than once for current task");
  if (scope_.borrows != 0)
    return wisp::fail(Errc::trap_handle, "borrow handles still remain at the end of the call");
  // When it fails the source is told the trap, like all others, once the tree collapses.
  if (source_ != nullptr) TRY(source_->resolve(side, results));
  source_ = nullptr;
  state_ = State::resolved;
  return {};
}

Result<> Task::cancel() {
  if (state_ != State::cancel_delivered)
    return wisp::fail(Errc::trap_abi, "`task.cancel` called by task which has not been cancelled");
  if (scope_.borrows != 0)
    return wisp::fail(Errc::trap_handle, "borrow handles still remain at the end of the call");
  if (CallSource* const source = std::exchange(source_, nullptr)) source->cancelled();
  state_ = State::resolved;
  return {};
}

bool Task::deliver_pending_cancel(bool cancellable) noexcept {
  if (!cancellable || state_ != State::pending_cancel) return false;
  state_ = State::cancel_delivered;
  return true;
}

Thread& Task::add_thread(const wasmtime_func_t& function, std::uint64_t argument, bool argument64) {
  Thread& thread = *explicit_.emplace_back(std::make_unique<Thread>(*this, function, argument, argument64));
  register_thread(thread);
  return thread;
}

void Task::ended(Thread& thread) {
  std::erase_if(explicit_, [&](const auto& own) { return own.get() == &thread; });
  if (threads_ == 0) instance_->tree().release(*this);
}

Result<> Task::request_cancellation(ComponentInstance* caller) {
  Tree& tree = instance_->tree();
  if (tree.poisoned() || state_ == State::resolved) return {};
  const TaskRef self(this);
  if (state_ == State::initial) {
    // No guest code runs: the thread gives up its place before it has entered.
    state_ = State::cancel_delivered;
    implicit_.resume(true);
    return tree.outcome();
  }
  if (state_ != State::started) return {};
  Thread* candidate = nullptr;
  const Thread* const exclusive = instance_->exclusive;
  const bool implicit_may = !needs_exclusive() || exclusive == nullptr || exclusive == &implicit_;
  if (implicit_.cancellable() && implicit_may) candidate = &implicit_;
  for (const auto& thread : explicit_)
    if (candidate == nullptr && thread->cancellable()) candidate = thread.get();
  const auto entering = tree.entering_set(*instance_, caller);
  if (candidate == nullptr || !tree.may_enter(entering) || (caller == nullptr && tree.busy())) {
    state_ = State::pending_cancel;
    return {};
  }
  state_ = State::cancel_delivered;
  return tree.enter_thread(*candidate, entering, true);
}

void Task::abandon() noexcept { source_ = nullptr; }

void Task::fail(const Error& reason) {
  const TaskRef self(this);
  implicit_.unwind(reason);
  for (const auto& thread : explicit_) thread->unwind(reason);
  if (CallSource* const source = std::exchange(source_, nullptr)) source->failed(reason);
  state_ = State::resolved;
}

}  // namespace wisp::component
