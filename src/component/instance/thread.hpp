#pragma once

#include "base/signal.hpp"
#include "component/async/waitable.hpp"
#include "component/instance/guest_run.hpp"

#include <wasmtime.h>

#include <array>
#include <cstdint>
#include <optional>

namespace wisp::component {

class ComponentInstance;
class Subtask;
class Task;
class Thread;

/// What guest code runs as. A call that cannot block has one without a thread, on the frame of the call.
struct Activation {
  Thread* thread = nullptr;
  std::array<std::uint64_t, 2> storage{};  ///< context.get, context.set
};

/// A thread of a guest (Canonical ABI, Thread): the implicit one of a task, or one that thread.new-indirect
/// made. It has a stack while core code of it is on one; a callback task that waits has none.
///
/// Owned by its task; lives on the shard.
class Thread final : public Runnable, public Waiter, private GuestRun::Owner {
 public:
  /// What it waits for.
  enum class Wait : std::uint8_t {
    none,
    entry,           ///< room in its instance (backpressure, the exclusive thread)
    tree,            ///< its turn in a tree that something else is in the middle of
    subtask,         ///< a call that it made synchronously
    waitable,        ///< one waitable: a synchronous copy or cancel
    set,             ///< an event of a set, inside core code
    callback_set,    ///< an event of a set, between callbacks
    callback_yield,  ///< its turn, between callbacks
    turn,            ///< its turn, inside core code
    suspended,       ///< another thread that resumes it
  };

  /// The implicit thread of `task`.
  explicit Thread(Task& task);
  /// A thread that runs `function` with `argument` (🧵).
  Thread(Task& task, const wasmtime_func_t& function, std::uint64_t argument, bool argument64);
  ~Thread();

  [[nodiscard]] Task& task() const noexcept { return *task_; }
  [[nodiscard]] ComponentInstance& instance() const noexcept;
  [[nodiscard]] Activation& activation() noexcept { return activation_; }
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  void set_index(std::uint32_t index) noexcept { index_ = index; }
  [[nodiscard]] bool finished() const noexcept { return phase_ == Phase::done; }

  [[nodiscard]] bool suspended() const noexcept { return wait_ == Wait::suspended; }
  /// It has yielded and would go on.
  [[nodiscard]] bool wants_turn() const noexcept {
    return wait_ == Wait::callback_yield || wait_ == Wait::turn;
  }
  [[nodiscard]] bool waiting() const noexcept { return wait_ != Wait::none && wait_ != Wait::suspended; }
  /// It waits for something that has come.
  [[nodiscard]] bool ready() const noexcept;
  /// It waits outside core code to be the exclusive thread again.
  [[nodiscard]] bool wants_exclusive() const noexcept {
    return wait_ == Wait::callback_set || wait_ == Wait::callback_yield;
  }
  /// A cancellation of the task may be delivered to it now.
  [[nodiscard]] bool cancellable() const noexcept { return wait_ != Wait::none && cancellable_; }

  /// Runs it on top of the current stack until it waits or ends (Thread.resume); the caller has entered its
  /// instance. False: it has paused, which happens only from the loop: left() goes on. Traps poison the tree.
  bool resume(bool cancelled);

  /// Runs it from the loop, when its tree is free and what it waits for has come (Store.tick).
  void run() noexcept override;
  /// Something it waits for may have come.
  void wake() noexcept override;
  /// For a thread that has not run yet and must wait for its tree.
  void wait_for_tree();

  // By its own core code, on its own stack. True: the task's cancellation was delivered instead.
  [[nodiscard]] Result<bool> wait_for(Subtask& subtask);
  [[nodiscard]] Result<bool> wait_for(Waitable& waitable);
  [[nodiscard]] Result<bool> wait_for(WaitableSet& set, bool cancellable);
  [[nodiscard]] Result<bool> yield(bool cancellable);
  [[nodiscard]] Result<bool> suspend(bool cancellable);
  [[nodiscard]] Result<bool> suspend_then_resume(Thread& other, bool cancellable);
  [[nodiscard]] Result<bool> yield_then_resume(Thread& other, bool cancellable);
  [[nodiscard]] Result<bool> suspend_then_promote(Thread& other, bool cancellable);
  [[nodiscard]] Result<bool> yield_then_promote(Thread& other, bool cancellable);

  /// Makes a suspended thread ready.
  void resume_later();

  /// Unwinds its stack, if it is blocked on one: its tree is poisoned or ends. From the loop.
  void unwind(const Error& reason);

 private:
  enum class Phase : std::uint8_t { start, entering, callback, explicit_start, running, done };

  static void entry(void* self);
  void left(GuestRun& run) noexcept override;
  void step();
  [[nodiscard]] Result<> run_implicit();
  [[nodiscard]] Result<bool> enter();
  [[nodiscard]] Result<std::optional<std::uint32_t>> call();
  [[nodiscard]] Result<std::uint32_t> call_back();
  [[nodiscard]] Result<bool> goes_on(std::uint32_t packed);
  [[nodiscard]] Result<> exit_implicit();
  [[nodiscard]] Result<> run_explicit();
  [[nodiscard]] bool switch_in(bool cancelled);
  [[nodiscard]] Thread* after_slice();
  [[nodiscard]] Result<bool> block(Wait wait, bool cancellable);
  [[nodiscard]] Result<bool> switch_to(Thread& other, Wait wait, bool cancellable);
  void start_waiting(Wait wait, bool cancellable);
  void stop_waiting();
  void subscribe();

  Task* task_;
  GuestRun run_;
  Activation activation_;
  SignalLink link_;
  union {
    Subtask* subtask_ = nullptr;
    Waitable* waitable_;
    WaitableSet* set_;
  };
  Thread* switch_to_ = nullptr;
  Activation* outer_ = nullptr;  // of the tree, while this one runs
  wasmtime_func_t function_{};   // explicit threads
  std::uint64_t argument_ = 0;
  std::uint32_t index_ = 0;
  std::uint32_t immediate_ = 0;  // events taken in a row without a turn of the loop
  Wait wait_ = Wait::none;
  Phase phase_ = Phase::start;
  bool cancellable_ = false;
  bool cancelled_ = false;
  bool argument64_ = false;
};

}  // namespace wisp::component
