#pragma once

#include "component/instance/tree.hpp"
#include "component/link/linker.hpp"

#include <memory>
#include <utility>

namespace wisp::component {

/// Whether the operator is to see it. A call that was given up is no crash, one into an instance that has
/// crashed no other one; and the end of the whole command, or a guest that calls back into itself, ends the
/// caller too.
[[nodiscard]] bool is_news(const Error& error) noexcept;

/// Reports the crash of a provider's tree (Provider::on_crash) when no caller is left that would: calls go on
/// after they have returned.
///
/// Owned by the caller's session, or kept beside a tree that outlives it. On the shard.
class CrashWatch final : private Waiter, private Runnable {
 public:
  CrashWatch(std::shared_ptr<Tree> tree, std::shared_ptr<const Provider> provider);
  ~CrashWatch();
  CrashWatch(const CrashWatch&) = delete;
  CrashWatch& operator=(const CrashWatch&) = delete;

  [[nodiscard]] bool crashed() const noexcept { return tree_->poisoned(); }
  /// Whether nobody has told so far; from now on somebody has.
  [[nodiscard]] bool claim() noexcept { return !std::exchange(told_, true); }

 private:
  void wake() noexcept override;
  void run() noexcept override;

  std::shared_ptr<Tree> tree_;
  std::shared_ptr<const Provider> provider_;
  SignalLink link_;
  bool told_ = false;
};

}  // namespace wisp::component
