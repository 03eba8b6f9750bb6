#pragma once

#include "base/signal.hpp"

namespace wisp::wasi {

/// Something that can be waited for: state that is looked at, and a signal that says "look again".
/// Level-triggered: ready() stays true until somebody consumes what is there, and looking consumes nothing.
///
/// Lives on one shard and is touched only there; shared (std::shared_ptr) by whoever waits and whoever makes
/// it ready.
class Readiness {
 public:
  Readiness() = default;
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  virtual ~Readiness() = default;

  /// True when the operation it stands for would not wait, be it because it succeeds, fails or ends. When it
  /// is false, whatever leads to changed() has been started. Never blocks.
  [[nodiscard]] virtual bool ready() = 0;

  /// Fires when ready() may have become true; may fire for nothing.
  [[nodiscard]] virtual Signal& changed() noexcept = 0;

  /// True for clocks: a guest that finds one ready again and again makes no progress by it, so the loop has
  /// to turn before the guest goes on.
  [[nodiscard]] virtual bool passes_time() const noexcept { return false; }
};

/// Ready from the start (an operation that never waits).
class AlwaysReady final : public Readiness {
 public:
  [[nodiscard]] bool ready() override { return true; }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

 private:
  Signal changed_;
};

}  // namespace wisp::wasi
