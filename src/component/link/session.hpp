#pragma once

#include "component/link/crash_watch.hpp"
#include "component/link/linker.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace wisp::component {

/// A provider's trees for one caller's tree: the one that takes calls, and those that take no more and have
/// some in flight. An attachment of the caller's tree; ends with it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  /// That of `caller` with `from`, made at the first use of the attachment.
  [[nodiscard]] static Session& of(Tree& caller, const ProviderRef& from);

  /// The tree for the next call, which counts: made anew after Provider::max_invocations calls, unless
  /// handles tie the caller to its state, and after a trap. While `most` trees have calls in flight, the
  /// newest takes this one too. `run`: the caller's, on its fiber. An Error is the provider's fault.
  [[nodiscard]] Result<Tree*> next(const Provider& provider, Tree& caller, GuestRun& run,
                                   std::size_t most = kAnyNumber);
  static constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();

  /// What host code keeps for the caller with the provider; ends after the trees' last calls.
  [[nodiscard]] std::shared_ptr<void>& kept() noexcept { return kept_; }

  /// The memory of a tree that has trapped is given back before the caller asks again.
  void forget_poisoned() {
    if (tree_ != nullptr && tree_->poisoned()) retire();
  }

  /// From now on a crash of `tree`, if it is the one that takes calls, is reported unless somebody claims it.
  void watch(const Tree& tree, const std::shared_ptr<const Provider>& provider);
  /// A caller tells about a crash, or ends with it: whether nobody else has told before.
  [[nodiscard]] bool claim();

 private:
  /// A tree with the watch for what goes on in it after it has returned; null: nothing does.
  struct Watched {
    std::shared_ptr<Tree> tree;
    std::shared_ptr<CrashWatch> watch;
  };
  void retire();
  void forget_ended();

  std::shared_ptr<void> kept_;
  std::shared_ptr<Tree> tree_;
  std::shared_ptr<CrashWatch> watch_;  // of tree_, as in Watched
  std::uint32_t invocations_ = 0;
  bool keeps_state_ = false;  // the provider defines resources: calls of one caller meet one instance
  std::vector<Watched> worn_;
};

}  // namespace wisp::component
