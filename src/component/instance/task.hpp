#pragma once

#include "component/instance/handle_table.hpp"
#include "component/instance/plan.hpp"
#include "component/instance/subtask.hpp"
#include "component/instance/thread.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace wisp::component {

/// A call of a lifted function with a thread of its own (Canonical ABI, Task): all but those that can
/// neither block nor be cancelled.
///
/// Held by its tree until its last thread has ended, by its caller's subtask or the host, and by frames that
/// run it. Lives on the shard.
class Task final
    : public Callee,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  enum class State : std::uint8_t { initial, started, pending_cancel, cancel_delivered, resolved };

  /// `lift` must outlive the task.
  Task(ComponentInstance& instance, const Lift& lift, CallSource& source);
  ~Task();

  [[nodiscard]] ComponentInstance& instance() const noexcept { return *instance_; }
  [[nodiscard]] const Lift& lift() const noexcept { return *lift_; }
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool resolved() const noexcept { return state_ == State::resolved; }
  /// Its last thread has ended, or its tree has.
  [[nodiscard]] bool ended() const noexcept { return !is_linked(); }
  /// Fires when it has ended; inside the tree perhaps.
  [[nodiscard]] Signal& ending() noexcept { return ending_; }
  [[nodiscard]] Thread& implicit_thread() noexcept { return implicit_; }
  [[nodiscard]] BorrowScope& scope() noexcept { return scope_; }
  [[nodiscard]] const BorrowScope& scope() const noexcept { return scope_; }
  [[nodiscard]] bool needs_exclusive() const noexcept {
    return lift_->type->async && (!lift_->options.async || lift_->options.callback);
  }

  /// Running time of its threads that was measured so far.
  std::chrono::nanoseconds cpu_used{};

  // For its threads.
  void register_thread(Thread& thread);
  [[nodiscard]] Result<> unregister_thread(Thread& thread);
  [[nodiscard]] Result<> start(CallSide& side, FlatSpan params);
  /// task.return, or the end of a sync lift.
  [[nodiscard]] Result<> resolve(CallSide& side, FlatSpan results);
  /// task.cancel, or cancelled before it started.
  [[nodiscard]] Result<> cancel();
  /// A cancellation that was asked for and not delivered yet is delivered now.
  [[nodiscard]] bool deliver_pending_cancel(bool cancellable) noexcept;
  /// A thread has run to its end; it is destroyed here if it was an explicit one. With the last one the tree
  /// lets go of the task.
  void ended(Thread& thread);
  Thread& add_thread(const wasmtime_func_t& function, std::uint64_t argument, bool argument64);

  [[nodiscard]] Result<> request_cancellation(ComponentInstance* caller) override;
  void abandon() noexcept override;

  /// Its tree has trapped or ends: unwinds its threads, tells its caller. From the loop.
  void fail(const Error& reason);

 private:
  friend void intrusive_ptr_add_ref(Task* task) noexcept { ++task->references_; }
  friend void intrusive_ptr_release(Task* task) noexcept {
    if (--task->references_ == 0) delete task;
  }

  ComponentInstance* instance_;
  const Lift* lift_;
  CallSource* source_;
  BorrowScope scope_;
  Signal ending_;
  Thread implicit_;
  std::vector<std::unique_ptr<Thread>> explicit_;
  std::uint32_t threads_ = 0;
  std::uint32_t references_ = 0;
  State state_ = State::initial;
};

using TaskRef = boost::intrusive_ptr<Task>;

}  // namespace wisp::component
