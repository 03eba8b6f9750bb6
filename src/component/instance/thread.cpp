#include "component/instance/thread.hpp"

#include "component/instance/task.hpp"
#include "component/instance/tree.hpp"

namespace wisp::component {

namespace {

/// Events that a callback task takes one after the other before the loop turns.
constexpr std::uint32_t kImmediateEvents = 32;

/// Canonical ABI, CallbackCode.
enum class CallbackCode : std::uint8_t { exit = 0, yield = 1, wait = 2 };

}  // namespace

Thread::Thread(Task& task) : task_(&task), run_(task.instance().tree().shard(), this) {
  activation_.thread = this;
}

Thread::Thread(Task& task, const wasmtime_func_t& function, std::uint64_t argument, bool argument64)
    : Thread(task) {
  phase_ = Phase::explicit_start;
  wait_ = Wait::suspended;
  function_ = function;
  argument_ = argument;
  argument64_ = argument64;
}

Thread::~Thread() = default;

ComponentInstance& Thread::instance() const noexcept { return task_->instance(); }

bool Thread::ready() const noexcept {
  switch (wait_) {
    case Wait::none:
    case Wait::suspended:
      return false;
    case Wait::entry:
      return instance().has_room(*task_);
    case Wait::tree:
    case Wait::turn:
      return true;
    case Wait::subtask:
      return subtask_->resolved();
    case Wait::waitable:
      return waitable_->has_pending_event();
    case Wait::set:
      return set_->has_pending_event();
    case Wait::callback_set:
      return instance().exclusive == nullptr && set_->has_pending_event();
    case Wait::callback_yield:
      return instance().exclusive == nullptr;
  }
  return false;
}

void Thread::wake() noexcept { run_.shard().enqueue(*this); }

void Thread::wait_for_tree() { start_waiting(Wait::tree, true); }

void Thread::start_waiting(Wait wait, bool cancellable) {
  wait_ = wait;
  cancellable_ = cancellable;
  if (wants_turn()) instance().tree().turn_wanted();
  subscribe();
}

void Thread::stop_waiting() {
  if (wait_ == Wait::entry) instance().stop_entering(*this);
  if (wants_turn()) instance().tree().turn_given();
  wait_ = Wait::none;
  link_.unlink();
  unlink();
}

/// Waits for the signal after which ready() may say something else; is queued when it says so already.
void Thread::subscribe() {
  if (ready()) {
    wake();
    return;
  }
  link_.unlink();
  switch (wait_) {
    case Wait::subtask:
      link_.link(subtask_->signal(), *this);
      return;
    case Wait::waitable:
      link_.link(waitable_->signal(), *this);
      return;
    case Wait::set:
      link_.link(set_->signal(), *this);
      return;
    case Wait::callback_set:
      if (set_->has_pending_event()) {
        link_.link(instance().gate(), *this);
      } else {
        link_.link(set_->signal(), *this);
      }
      return;
    case Wait::callback_yield:
      link_.link(instance().gate(), *this);
      return;
    case Wait::entry:  // the instance keeps a queue of those
    case Wait::none:
    case Wait::tree:
    case Wait::turn:
    case Wait::suspended:
      return;
  }
}

void Thread::run() noexcept {
  if (!waiting()) return;
  if (!ready()) {
    subscribe();
    return;
  }
  Tree& tree = instance().tree();
  if (tree.poisoned()) return;
  if (tree.busy()) {
    link_.unlink();
    link_.link(tree.idle(), *this);
    return;
  }
  // What becomes of a trap its callers are told when the tree collapses.
  (void)tree.enter_thread(*this, tree.path(instance()), false);
}

bool Thread::resume(bool cancelled) {
  const TaskRef keep(task_);
  Thread* next = this;
  while (next != nullptr) {
    if (!next->switch_in(std::exchange(cancelled, false))) return false;
    next = next->after_slice();
  }
  return true;
}

bool Thread::switch_in(bool cancelled) {
  Tree& tree = instance().tree();
  stop_waiting();
  cancelled_ = cancelled;
  outer_ = tree.exchange_activation(&activation_);
  if (run_.shard().current_run() == nullptr) tree.occupy(run_);
  if (run_.blocked()) {
    run_.resume();
  } else if (instance().blocks() || run_.shard().current_run() == nullptr) {
    auto started = tree.take_stack();
    if (started) {
      started = run_.start(&Thread::entry, this);
      if (!started) tree.give_stack();
    }
    if (!started) {
      phase_ = Phase::done;
      tree.trap(std::move(started).error());
    }
  } else {
    step();
  }
  return !run_.paused();
}

/// Back from a slice: the thread to go on with instead, if it named one.
Thread* Thread::after_slice() {
  Tree& tree = instance().tree();
  (void)tree.exchange_activation(outer_);
  Thread* const next = std::exchange(switch_to_, nullptr);
  if (tree.poisoned()) return nullptr;
  if (phase_ == Phase::done) tree.ended(*this);
  return next;
}

void Thread::entry(void* self) {
  auto& thread = *static_cast<Thread*>(self);
  thread.step();
  thread.instance().tree().give_stack();
}

/// Its run had paused down to the loop and is back.
void Thread::left(GuestRun&) noexcept {
  const TaskRef keep(task_);
  Tree& tree = instance().tree();
  Thread* next = after_slice();
  while (next != nullptr) {
    if (!next->switch_in(false)) return;
    next = next->after_slice();
  }
  tree.leave_thread(instance());
}

void Thread::step() {
  const Phase phase = std::exchange(phase_, Phase::running);
  Result<> outcome;
  if (phase == Phase::explicit_start) {
    outcome = run_explicit();
  } else {
    phase_ = phase;
    outcome = run_implicit();
  }
  if (outcome) return;
  phase_ = Phase::done;
  instance().tree().trap(std::move(outcome).error());
}

Result<> Thread::run_explicit() {
  std::array<wasmtime_val_raw_t, 1> values{};
  if (argument64_) {
    values[0].i64 = static_cast<std::int64_t>(argument_);
  } else {
    values[0].i32 = static_cast<std::int32_t>(argument_);
  }
  TRY(instance().tree().call_function(function_, values.data(), values.size()));
  TRY(task_->unregister_thread(*this));
  phase_ = Phase::done;
  return {};
}

Result<> Thread::run_implicit() {
  std::uint32_t packed = 0;
  if (phase_ == Phase::callback) {
    packed = TRY(call_back());
  } else {
    if (!TRY(enter())) return {};
    phase_ = Phase::running;
    const auto returned = TRY(call());
    if (!returned) return exit_implicit();
    packed = *returned;
  }
  while (TRY(goes_on(packed))) packed = TRY(call_back());
  return {};
}

/// Calls the callback that is due, with the event it waited for or for its turn.
Result<std::uint32_t> Thread::call_back() {
  ComponentInstance& inst = instance();
  Event event;
  WaitableSet* const set = std::exchange(set_, nullptr);
  if (set != nullptr) --set->waiting;
  if (cancelled_) {
    event.code = EventCode::task_cancelled;
  } else if (set != nullptr) {
    event = set->take_event();
  }
  inst.exclusive = this;
  phase_ = Phase::running;
  std::array<wasmtime_val_raw_t, 3> values{};
  values[0].i32 = static_cast<std::int32_t>(event.code);
  values[1].i32 = static_cast<std::int32_t>(event.index);
  values[2].i32 = static_cast<std::int32_t>(event.payload);
  TRY(inst.tree().call_core(*task_->lift().options.callback, values.data(), values.size()));
  return static_cast<std::uint32_t>(values[0].i32);
}

/// Task.enter_implicit_thread. False: it waits, or has been cancelled.
Result<bool> Thread::enter() {
  ComponentInstance& inst = instance();
  if (cancelled_) {
    phase_ = Phase::done;
    // It may have been the one that was woken to enter.
    inst.wake_entering();
    TRY(task_->cancel());
    return false;
  }
  if (task_->lift().type->async) {
    if (phase_ != Phase::entering && (!inst.has_room(*task_) || inst.entering() > 0)) {
      phase_ = Phase::entering;
      inst.start_entering(*this);
      start_waiting(Wait::entry, true);
      return false;
    }
    if (task_->needs_exclusive()) inst.exclusive = this;
    // Whoever is next may find room as well.
    inst.wake_entering();
  }
  task_->register_thread(*this);
  return true;
}

/// The body of canon lift: what a callback lift returned; nothing for the others, which are through.
Result<std::optional<std::uint32_t>> Thread::call() {
  ComponentInstance& inst = instance();
  Tree& tree = inst.tree();
  const Lift& lift = task_->lift();
  CallSide side(inst, lift.options, &task_->scope());
  std::array<wasmtime_val_raw_t, kMaxFlatParams + 1> values;
  const std::size_t count = std::max(lift.signature.params.size(), lift.signature.results.size());
  TRY(task_->start(side, FlatSpan(values.data(), lift.signature.params.size())));
  TRY(tree.call_core(lift.func, values.data(), count));
  if (lift.options.callback) return static_cast<std::uint32_t>(values[0].i32);
  if (lift.options.async) return std::nullopt;
  const wasmtime_val_raw_t returned = values[0];
  TRY(task_->resolve(side, FlatSpan(values.data(), lift.signature.results.size())));
  if (lift.options.post_return) {
    values[0] = returned;
    inst.may_leave = false;
    TRY(tree.call_core(*lift.options.post_return, values.data(), lift.signature.results.size()));
    inst.may_leave = true;
  }
  return std::nullopt;
}

/// Does what a callback has asked for. True: the next callback is due at once.
Result<bool> Thread::goes_on(std::uint32_t packed) {
  ComponentInstance& inst = instance();
  const std::uint32_t code = packed & 0xf;
  if (code > static_cast<std::uint32_t>(CallbackCode::wait))
    return fail(Errc::trap_abi, "unsupported callback code: {}", code);
  if (code == static_cast<std::uint32_t>(CallbackCode::exit)) {
    TRY(exit_implicit());
    return false;
  }
  inst.release_exclusive();
  set_ = nullptr;
  const bool waits = code == static_cast<std::uint32_t>(CallbackCode::wait);
  if (waits) {
    set_ = TRY(inst.waitable_set(packed >> 4));
    ++set_->waiting;
  }
  phase_ = Phase::callback;
  cancelled_ = task_->deliver_pending_cancel(true);
  if (cancelled_) return true;
  // The specification lets a thread go on at once; others get their turn all the same.
  if (waits && inst.exclusive == nullptr && set_->has_pending_event() && immediate_++ < kImmediateEvents)
    return true;
  immediate_ = 0;
  start_waiting(waits ? Wait::callback_set : Wait::callback_yield, true);
  return false;
}

Result<> Thread::exit_implicit() {
  ComponentInstance& inst = instance();
  TRY(task_->unregister_thread(*this));
  if (task_->needs_exclusive()) inst.release_exclusive();
  phase_ = Phase::done;
  return {};
}

Result<bool> Thread::block(Wait wait, bool cancellable) {
  if (task_->deliver_pending_cancel(cancellable)) return true;
  start_waiting(wait, cancellable);
  run_.block();
  if (run_.cancelled()) return std::unexpected(*run_.cancelled());
  return cancelled_;
}

Result<bool> Thread::wait_for(Subtask& subtask) {
  if (subtask.resolved()) return false;
  subtask_ = &subtask;
  return block(Wait::subtask, false);
}

Result<bool> Thread::wait_for(Waitable& waitable) {
  if (waitable.has_pending_event()) return false;
  waitable_ = &waitable;
  waitable.has_sync_waiter = true;
  const bool cancelled = TRY(block(Wait::waitable, false));
  waitable.has_sync_waiter = false;
  return cancelled;
}

Result<bool> Thread::wait_for(WaitableSet& set, bool cancellable) {
  if (task_->deliver_pending_cancel(cancellable)) return true;
  if (set.has_pending_event() && immediate_++ < kImmediateEvents) return false;
  immediate_ = 0;
  set_ = &set;
  ++set.waiting;
  const bool cancelled = TRY(block(Wait::set, cancellable));
  --set.waiting;
  set_ = nullptr;
  return cancelled;
}

Result<bool> Thread::yield(bool cancellable) { return block(Wait::turn, cancellable); }

Result<bool> Thread::suspend(bool cancellable) { return block(Wait::suspended, cancellable); }

Result<bool> Thread::switch_to(Thread& other, Wait wait, bool cancellable) {
  if (task_->deliver_pending_cancel(cancellable)) return true;
  switch_to_ = &other;
  start_waiting(wait, cancellable);
  run_.block();
  if (run_.cancelled()) return std::unexpected(*run_.cancelled());
  return cancelled_;
}

Result<bool> Thread::suspend_then_resume(Thread& other, bool cancellable) {
  return switch_to(other, Wait::suspended, cancellable);
}

Result<bool> Thread::yield_then_resume(Thread& other, bool cancellable) {
  return switch_to(other, Wait::turn, cancellable);
}

Result<bool> Thread::suspend_then_promote(Thread& other, bool cancellable) {
  if (!other.ready()) return suspend(cancellable);
  return switch_to(other, Wait::suspended, cancellable);
}

Result<bool> Thread::yield_then_promote(Thread& other, bool cancellable) {
  if (!other.ready()) return yield(cancellable);
  return switch_to(other, Wait::turn, cancellable);
}

void Thread::resume_later() { start_waiting(Wait::turn, cancellable_); }

void Thread::unwind(const Error& reason) {
  stop_waiting();
  if (!run_.blocked()) return;
  run_.cancel(reason);
  run_.resume();
}

}  // namespace wisp::component
