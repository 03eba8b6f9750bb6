#pragma once

#include "base/signal.hpp"
#include "component/instance/subtask.hpp"
#include "component/instance/tree.hpp"
#include "component/link/host_abi.hpp"

#include <boost/asio/post.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

/// Calls of the host's functions of async types, while they go on.
namespace wisp::component {

/// A result that a signal announces: what waits for nothing else needs no coroutine. Destroyed before its
/// result is taken, the call was given up. On one shard.
template <class T>
class Coming {
 public:
  Coming() = default;
  Coming(const Coming&) = delete;
  Coming& operator=(const Coming&) = delete;
  virtual ~Coming() = default;

  /// The result, once. Nothing: it is not there, and whatever leads to changed() has been started.
  [[nodiscard]] virtual std::optional<Result<T>> take() = 0;
  /// Fires when take() may have become able to answer; may fire for nothing.
  [[nodiscard]] virtual Signal& changed() noexcept = 0;
};

/// What an async host function may return: a result at once, one that a signal announces, or a coroutine that
/// makes it.
template <class T>
class Eventually {
 public:
  Eventually(Result<T> now) : state_(std::move(now)) {}
  template <std::derived_from<Coming<T>> C>
  Eventually(std::unique_ptr<C> coming) : state_(std::unique_ptr<Coming<T>>(std::move(coming))) {}
  Eventually(boost::asio::awaitable<Result<T>> later) : state_(std::move(later)) {}

  /// `visit` is called with one of the three.
  template <class Visitor>
  auto visit(Visitor&& visitor) && {
    return std::visit(std::forward<Visitor>(visitor), std::move(state_));
  }

 private:
  std::variant<Result<T>, std::unique_ptr<Coming<T>>, boost::asio::awaitable<Result<T>>> state_;
};

namespace host_abi {

/// Where the result of a call goes.
struct Target {
  Subtask* subtask = nullptr;
  std::uint64_t address = 0;  ///< of the result, when it does not go back flat
};

/// Puts a result into its place and ends the subtask. Inside the caller's tree.
template <class T>
Result<> finish(const Target& target, Result<T> result) {
  Subtask& subtask = *target.subtask;
  if (!result) return std::unexpected(std::move(result).error());
  if constexpr (!std::is_void_v<T>) {
    CallSide side(subtask.caller(), subtask.lower().options, nullptr);
    LowerContext out{.side = side, .memory = side.memory()};
    if (subtask.lower().signature.indirect_results) {
      TRY(out.memory.range(target.address, Wit<T>::kSize, Wit<T>::kAlign));
      TRY(Wit<T>::store(out, target.address, *std::move(result)));
    } else {
      TRY(Wit<T>::lower(out, subtask.values().data(), *std::move(result)));
    }
  }
  subtask.finish(Subtask::State::returned);
  return {};
}

/// A call that goes on beside the guest. Owns itself until its coroutine has ended or its result has come;
/// outlives the guest if it must, and then answers nobody.
template <class T, class Function>
class HostTask final : public Callee,
                       public std::enable_shared_from_this<HostTask<T, Function>>,
                       private Waiter {
 public:
  using Arguments = typename Function::Arguments;

  static Result<> start(const Function& function, const Target& target, Arguments arguments) {
    auto task = std::make_shared<HostTask>(target, std::move(arguments));
    auto returned = function.run(task->caller_, task->arguments_);
    if constexpr (std::is_same_v<decltype(returned), Eventually<T>>) {
      return std::move(returned).visit([&]<class State>(State state) -> Result<> {
        if constexpr (std::is_same_v<State, Result<T>>) {
          return finish<T>(target, std::move(state));
        } else if constexpr (std::is_same_v<State, std::unique_ptr<Coming<T>>>) {
          return task->await(std::move(state));
        } else {
          return task->spawn(std::move(state));
        }
      });
    } else {
      return task->spawn(std::move(returned));
    }
  }

  HostTask(const Target& target, Arguments arguments)
      : target_(target),
        tree_(&target.subtask->caller().tree()),
        context_(tree_->shared_context()),
        lifeline_(tree_->lifeline()),
        caller_(target.subtask->caller()),
        arguments_(std::move(arguments)) {}

  HostTask(const HostTask&) = delete;
  HostTask& operator=(const HostTask&) = delete;
  ~HostTask() {
    if (target_.subtask != nullptr && target_.subtask->callee == this) target_.subtask->callee = nullptr;
  }

  Result<> request_cancellation(ComponentInstance*) override {
    cancelling_ = true;
    if (auto self = give_up()) {
      boost::asio::post(caller_.loop(), [self = std::move(self)] {
        self->done(fail(Errc::cancelled, "the call was cancelled"));
      });
    } else {
      signal_.emit(boost::asio::cancellation_type::terminal);
    }
    return {};
  }

  void abandon() noexcept override {
    target_.subtask = nullptr;
    if (!give_up()) signal_.emit(boost::asio::cancellation_type::terminal);
  }

 private:
  Result<> begin() {
    // Each call in flight holds the lifeline, and the tree does.
    const auto in_flight = lifeline_.use_count() - 1;
    if (in_flight > tree_->limits().tasks)
      return fail(Errc::trap_limit,
                  "the instance has {} calls of host functions in flight, which is its limit", in_flight - 1);
    target_.subtask->callee = this;
    return {};
  }

  Result<> await(std::unique_ptr<Coming<T>> coming) {
    if (auto result = coming->take()) return finish<T>(target_, *std::move(result));
    TRY(begin());
    coming_ = std::move(coming);
    link_.link(coming_->changed(), *this);
    self_ = this->shared_from_this();
    return {};
  }

  void wake() noexcept override {
    boost::asio::post(caller_.loop(), [self = self_] { self->look(); });
  }

  void look() {
    if (!coming_) return;  // given up in the meantime
    auto result = coming_->take();
    if (!result) {
      link_.link(coming_->changed(), *this);
      return;
    }
    const auto self = give_up();
    done(*std::move(result));
  }

  /// Ends the wait for what was to come; whoever owned this, if there was one.
  std::shared_ptr<HostTask> give_up() noexcept {
    link_.unlink();
    coming_.reset();
    return std::exchange(self_, nullptr);
  }

  Result<> spawn(boost::asio::awaitable<Result<T>> work) {
    TRY(begin());
    boost::asio::co_spawn(caller_.loop(), std::move(work),
                          boost::asio::bind_cancellation_slot(
                              signal_.slot(), [self = this->shared_from_this()](
                                                  const std::exception_ptr& failure, Result<T> result) {
                                if (failure) result = fail(Errc::internal, "a host function threw");
                                self->done(std::move(result));
                              }));
    return {};
  }

  void done(Result<T> result) {
    if (target_.subtask == nullptr) return;
    Tree& tree = *tree_;
    if (!result) {
      if (cancelling_) {
        target_.subtask->cancelled();
      } else {
        tree.trap(std::move(result).error());
      }
      return;
    }
    // Only what has to be allocated in the guest needs its code.
    const Type* const type = target_.subtask->lower().callee.type->result;
    if (!tree.busy() && (type == nullptr || !type->contains_pointer)) {
      settle(std::move(result));
      return;
    }
    tree.enter_later([self = this->shared_from_this(), result = std::move(result)]() mutable -> Result<> {
      self->settle(std::move(result));
      return {};
    });
  }

  void settle(Result<T> result) {
    if (target_.subtask == nullptr) return;
    Tree& tree = *tree_;
    if (auto outcome = finish<T>(target_, std::move(result)); !outcome) tree.trap(std::move(outcome).error());
  }

  Target target_;
  Tree* tree_;
  std::shared_ptr<HostContext> context_;
  std::shared_ptr<std::vector<std::unique_ptr<HostResource>>> lifeline_;
  Caller caller_;
  Arguments arguments_;
  boost::asio::cancellation_signal signal_;  // of a coroutine
  std::unique_ptr<Coming<T>> coming_;        // what is waited for without one
  SignalLink link_;                          // in its signal
  std::shared_ptr<HostTask> self_;           // while it is
  bool cancelling_ = false;
};

}  // namespace host_abi

}  // namespace wisp::component
