#pragma once

#include "base/result.hpp"
#include "component/instance/shard.hpp"
#include "component/instance/tree.hpp"
#include "wasi/context.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace wisp::cli {

/// One guest on this thread, from its instance to its end, with the terminal's signals: the first SIGINT or
/// SIGTERM cancels the guest, a second one ends the process at once.
class GuestSession {
 public:
  GuestSession(component::Shard& shard, std::shared_ptr<wasi::Context> context)
      : shard_(shard), context_(std::move(context)) {}

  using Work = std::function<Result<>(component::Tree&, component::GuestRun&)>;

  /// Makes an instance and runs `work` on its fiber; returns when that is done and what the guest wrote has
  /// gone out.
  [[nodiscard]] Result<> run(std::shared_ptr<const component::Linked> linked,
                             const component::TreeLimits& limits, Work work);

  /// The signal that ended it; 0: none.
  [[nodiscard]] int signal() const noexcept { return signal_; }

 private:
  component::Shard& shard_;
  std::shared_ptr<wasi::Context> context_;
  int signal_ = 0;
};

}  // namespace wisp::cli
