#pragma once

#include "base/function_ref.hpp"
#include "base/signal.hpp"
#include "component/instance/subtask.hpp"

#include <optional>

namespace wisp::component {

/// A caller on the host's own frame, which waits until it has been told.
class FrameSource final : public CallSource {
 public:
  using Marshal = FunctionRef<Result<>(CallSide& side, FlatSpan values)>;
  FrameSource(Marshal lower, Marshal take) : lower_(lower), take_(take) {}

  [[nodiscard]] bool told() const noexcept { return outcome_.has_value(); }
  /// Once told.
  [[nodiscard]] const Result<>& outcome() const noexcept { return *outcome_; }
  /// Fires when told.
  [[nodiscard]] Signal& signal() noexcept { return signal_; }

  [[nodiscard]] Result<> start(CallSide& callee, FlatSpan params) override { return lower_(callee, params); }
  [[nodiscard]] Result<> resolve(CallSide& callee, FlatSpan results) override {
    TRY(take_(callee, results));
    tell({});
    return {};
  }
  void cancelled() noexcept override { tell(fail(Errc::cancelled, "the call was cancelled")); }
  void failed(const Error& error) noexcept override { tell(std::unexpected(error)); }

 private:
  void tell(Result<> outcome) {
    outcome_.emplace(std::move(outcome));
    signal_.fire();
  }

  Marshal lower_, take_;
  std::optional<Result<>> outcome_;
  Signal signal_;
};

}  // namespace wisp::component
