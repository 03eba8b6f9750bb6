#pragma once

#include "component/instance/guest_run.hpp"
#include "component/link/provider_call.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace wisp::component {

/// Calls of a provider's functions of sync types by host code that has no fiber of a caller: coroutines of
/// the shard's loop, such as those behind async functions and streams. One after the other, each on a fiber
/// of its own, so that a caller does not wait within its own code, and many calls need one stack.
///
/// One for each of a provider's trees that a bridge uses; shared by the resources that live there, and lives
/// on the shard. When the last one goes, the call under way has nobody left who could ask for its result: it
/// is cancelled, which ends the tree.
class ProviderQueue : public std::enable_shared_from_this<ProviderQueue> {
 public:
  ProviderQueue(std::shared_ptr<Tree> tree, std::shared_ptr<const Provider> provider);
  /// The one for `tree` that a caller's session keeps (Session::kept).
  [[nodiscard]] static std::shared_ptr<ProviderQueue> of(Session& session, const std::shared_ptr<Tree>& tree,
                                                         const std::shared_ptr<const Provider>& provider);
  ProviderQueue(const ProviderQueue&) = delete;
  ProviderQueue& operator=(const ProviderQueue&) = delete;
  ~ProviderQueue();

  /// Makes the call when its turn comes. Errc::cancelled: the coroutine was cancelled; a call that had begun
  /// goes on, and what it returns is dropped. Any other Error is a trap of the provider.
  template <class R, class... A>
  [[nodiscard]] boost::asio::awaitable<Result<R>> call(ProviderFunction<R(A...)> function,
                                                       std::type_identity_t<A>... arguments) {
    auto result = std::make_shared<std::optional<Result<R>>>();
    auto outcome = co_await perform(
        [result, function = std::move(function), values = std::tuple<A...>(std::move(arguments)...)](
            Tree& tree, GuestRun& run) mutable {
          result->emplace(std::apply(
              [&](auto&... each) { return function.call_on(tree, run, std::move(each)...); }, values));
        });
    if (!outcome) co_return std::unexpected(std::move(outcome).error());
    co_return *std::move(*result);
  }

  [[nodiscard]] const std::shared_ptr<Tree>& tree() const noexcept;
  [[nodiscard]] const Provider& provider() const noexcept { return *provider_; }

  /// Tells the operator about a crash that the caller survives, once for this tree. `export_name`: what was
  /// called.
  void report(const Error& error, std::string_view export_name);

 private:
  using Work = std::move_only_function<void(Tree& tree, GuestRun& run)>;
  struct Job;
  struct State;
  [[nodiscard]] boost::asio::awaitable<Result<>> perform(Work work);

  std::shared_ptr<State> state_;
  std::shared_ptr<const Provider> provider_;
  bool told_ = false;
};

}  // namespace wisp::component
