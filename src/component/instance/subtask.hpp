#pragma once

#include "component/async/waitable.hpp"
#include "component/instance/call_side.hpp"
#include "component/instance/marshalling.hpp"

#include <array>

namespace wisp::component {

class Subtask;

/// Who carries out a call: a task of a guest, or the host.
class Callee {
 public:
  /// Asks for the cancellation of a call that has not been resolved; it may resolve at once, later, or as if
  /// nobody had asked (Canonical ABI, OnCancel). `caller`: the instance that asks, null for the host. An
  /// Error is a trap that came of it.
  [[nodiscard]] virtual Result<> request_cancellation(ComponentInstance* caller) = 0;

  /// The caller is gone: nobody is to be told any more.
  virtual void abandon() noexcept = 0;

 protected:
  ~Callee() = default;
};

/// Who called: gives the parameters when the callee starts and takes the result when it resolves. Told
/// exactly one of resolve, cancelled and failed, once; a resolve that fails is followed by failed.
class CallSource {
 public:
  /// Writes the flat parameters, or stores them as a record and writes its address (Canonical ABI, OnStart).
  [[nodiscard]] virtual Result<> start(CallSide& callee, FlatSpan params) = 0;
  /// Reads the result: flat, or at the address in results[0] (OnResolve).
  [[nodiscard]] virtual Result<> resolve(CallSide& callee, FlatSpan results) = 0;
  /// The call was cancelled before it resolved.
  virtual void cancelled() noexcept = 0;
  /// The callee's tree has trapped or ended before the call resolved.
  virtual void failed(const Error& error) noexcept = 0;

 protected:
  ~CallSource() = default;
};

/// A call that a guest has made, as it sees it (Canonical ABI, Subtask). On the caller's frame while it waits
/// for the result; in its handle table when it was called with `async` and had not resolved at once.
class Subtask final : public Waitable, public CallSource {
 public:
  enum class State : std::uint8_t {
    starting = 0,
    started = 1,
    returned = 2,
    cancelled_before_started = 3,
    cancelled_before_returned = 4,
  };

  /// `values`: of the lowered function, parameters and then results; it must outlive the subtask unless
  /// keep_arguments() is called.
  Subtask(ComponentInstance& caller, const Trampoline& lower, FlatSpan values)
      : Waitable(Kind::subtask), caller_(&caller), lower_(&lower), values_(values) {}
  ~Subtask() override;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool resolved() const noexcept { return state_ >= State::returned; }
  [[nodiscard]] bool resolve_delivered() const noexcept { return delivered_; }
  [[nodiscard]] ComponentInstance& caller() const noexcept { return *caller_; }
  [[nodiscard]] const Trampoline& lower() const noexcept { return *lower_; }
  [[nodiscard]] FlatSpan values() const noexcept { return values_; }
  /// The callee's tree ended before it resolved.
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

  /// Guest callee: how values get there and back. Set before the call.
  const Marshalling* marshalling = nullptr;
  /// Set while the callee may still resolve it.
  Callee* callee = nullptr;
  bool cancellation_requested = false;

  /// Copies the arguments out of the caller's frame, which is about to end.
  void keep_arguments();

  /// Ends the loans of the call (Subtask.deliver_resolve).
  void deliver_resolve() noexcept;

  /// For host callees: the parameters are being read; loans that `side` made stay until delivery.
  void begin() noexcept {
    state_ = State::started;
    progress();
  }
  void take_loans(CallSide& side) { loans_ = side.take_loans(); }
  /// For host callees: the result is in its place, or there is none because it was cancelled.
  void finish(State state) noexcept;

  [[nodiscard]] Result<> start(CallSide& callee, FlatSpan params) override;
  [[nodiscard]] Result<> resolve(CallSide& callee, FlatSpan results) override;
  void cancelled() noexcept override;
  void failed(const Error& error) noexcept override;

 private:
  [[nodiscard]] Event deliver() override;
  void progress() noexcept;

  ComponentInstance* caller_;
  const Trampoline* lower_;
  FlatSpan values_;
  std::array<wasmtime_val_raw_t, kMaxFlatAsyncParams + 1> kept_;
  Loans loans_;
  std::optional<Error> failure_;
  State state_ = State::starting;
  bool delivered_ = false;
};

}  // namespace wisp::component
