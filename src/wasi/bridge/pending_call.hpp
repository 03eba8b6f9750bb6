#pragma once

#include "component/instance/tree.hpp"
#include "component/link/provider_call.hpp"
#include "wasi/io/readiness.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace wisp::wasi::bridge {

template <class Signature>
class PendingCall;

/// A call of a provider's async function that goes on beside its caller, who asks for the answer later. When
/// it goes before that, the call is cancelled and its answer dropped.
///
/// Owned by whoever waits; lives on the shard. What the call has been lent is kept until it has ended.
template <class R, class... A>
class PendingCall<R(A...)> final : public Readiness {
 public:
  using Function = component::ProviderFunction<R(A...)>;

  /// Starts it in `tree` and the caller's name, on its fiber: at once, or when nothing else is inside.
  /// `keep`: what `arguments` refer to; null: nothing. An Error is a trap of the provider.
  [[nodiscard]] static Result<std::unique_ptr<PendingCall>> start(component::Caller& caller,
                                                                  const Function& function,
                                                                  component::Tree& tree,
                                                                  std::shared_ptr<void> keep,
                                                                  A... arguments) {
    auto& session = function.session(caller);
    auto call = std::make_shared<Call>(caller.loop(), function, tree, session.weak_from_this(),
                                       std::move(keep), std::move(arguments)...);
    TRY(call->begin(tree));
    // It may be given up, and crash then.
    if (!call->outcome) session.watch(tree, function.share_provider());
    return std::unique_ptr<PendingCall>(new PendingCall(std::move(call)));
  }
  ~PendingCall() override { call_->give_up(); }

  /// `cut` makes of what the provider has said what is kept of it until take(): as soon as that is there,
  /// perhaps within this call. Once.
  void keep(std::function<void(Result<R>& said)> cut) {
    if (call_->outcome) return cut(*call_->outcome);
    call_->cut = std::move(cut);
  }

  [[nodiscard]] bool ready() override { return call_->outcome.has_value(); }
  [[nodiscard]] Signal& changed() noexcept override { return call_->changed; }

  /// Once it is ready: what the provider said, once. An Error is a trap of it, and the caller's: whose end is
  /// how the crash is told.
  [[nodiscard]] Result<R> take() {
    const auto session = call_->session.lock();
    if (!*call_->outcome && session) static_cast<void>(session->claim());
    return *std::move(call_->outcome);
  }

 private:
  /// Keeps itself while the call is under way: its tree tells it how it ends, whatever happens.
  struct Call final : component::CallSource, std::enable_shared_from_this<Call> {
    Call(boost::asio::io_context& of, const Function& what, component::Tree& in,
         std::weak_ptr<component::Session> callers, std::shared_ptr<void> keep, A... values)
        : loop(of),
          function(what),
          tree(in.weak_from_this()),
          session(std::move(callers)),
          kept(std::move(keep)),
          arguments(std::in_place, std::forward<A>(values)...) {}

    Result<> begin(component::Tree& in) {
      self = this->shared_from_this();
      auto started = in.start(function.lifted(), *this);
      if (!started) {
        tell(std::unexpected(started.error()));
        return std::unexpected(std::move(started).error());
      }
      if (!outcome) task = *std::move(started);
      return {};
    }

    void give_up() {
      if (outcome) return;
      // Not from here: whoever lets go may be on the stack of the provider's own call.
      boost::asio::post(loop, [call = this->shared_from_this()] {
        const auto alive = call->tree.lock();
        // A trap that comes of it is the end of the call, too.
        if (alive && call->task && !call->task->ended()) (void)call->task->request_cancellation(nullptr);
      });
    }

    Result<> start(component::CallSide& callee, component::FlatSpan params) override {
      auto values = *std::exchange(arguments, std::nullopt);
      return Function::lower(callee, params, std::move(values));
    }
    Result<> resolve(component::CallSide& callee, component::FlatSpan results) override {
      if constexpr (std::is_void_v<R>) {
        tell({});
      } else {
        tell(TRY(function.lift_results(callee, results)));
      }
      return {};
    }
    void cancelled() noexcept override { tell(fail(Errc::cancelled, "the call was cancelled")); }
    void failed(const Error& error) noexcept override { tell(std::unexpected(error)); }

    void tell(Result<R> said) {
      if (cut) cut(said);
      outcome.emplace(std::move(said));
      task = nullptr;
      kept = nullptr;
      // Held by whoever calls this until it returns, as by the caller's handle.
      const auto keep = std::move(self);
      changed.fire();
    }

    boost::asio::io_context& loop;
    Function function;
    std::weak_ptr<component::Tree> tree;
    std::weak_ptr<component::Session> session;
    std::shared_ptr<void> kept;
    std::optional<std::tuple<A...>> arguments;
    std::optional<Result<R>> outcome;
    std::function<void(Result<R>& said)> cut;  // may be empty
    component::TaskRef task;
    Signal changed;
    std::shared_ptr<Call> self;
  };

  explicit PendingCall(std::shared_ptr<Call> call) : call_(std::move(call)) {}

  std::shared_ptr<Call> call_;
};

}  // namespace wisp::wasi::bridge
