#pragma once

#include "component/link/provider_queue.hpp"
#include "wasi/bridge/provided_sockets.hpp"
#include "wasi/p2/resources.hpp"
#include "wasi/p3/wait.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <utility>

/// What the sockets of 0.3 over a provider of 0.2 have in common: calls in two steps, and waiting for them.
namespace wisp::wasi::bridge {

/// For calls into `tree` from the loop: one queue for all that the caller has there.
template <class Function>
[[nodiscard]] std::shared_ptr<component::ProviderQueue> queue_for(component::Caller& caller,
                                                                  const Function& function,
                                                                  component::Tree& tree) {
  return component::ProviderQueue::of(function.session(caller), tree.shared_from_this(),
                                      function.share_provider());
}

/// Before a provider is asked again that was ready, and then was not.
inline constexpr auto kPause = std::chrono::milliseconds(100);

/// Waits on the loop until it is ready. Errc::cancelled.
[[nodiscard]] boost::asio::awaitable<Result<>> pollable_ready(std::unique_ptr<p2::Pollable> pollable);
/// As above, after a pause.
[[nodiscard]] boost::asio::awaitable<Result<>> pollable_ready_again(boost::asio::io_context& loop,
                                                                    std::unique_ptr<p2::Pollable> pollable);

/// Lets time pass where a provider says that it is ready, and then is not.
[[nodiscard]] boost::asio::awaitable<void> pause_for(boost::asio::io_context& loop,
                                                     std::chrono::milliseconds time);

/// Runs `work` until it ends, or is cancelled because nobody wants what comes of it: `gone` has fired. What
/// `work` does with the provider then goes on by itself.
void run_until(boost::asio::io_context& loop, Signal& gone, boost::asio::awaitable<void> work);
/// As above, when it has taken kPatience: for calls that take no time in a provider that is well.
void run_with_patience(boost::asio::io_context& loop, boost::asio::awaitable<void> work);
inline constexpr auto kPatience = std::chrono::seconds(30);

/// The provider's network: taken for a call, and given back.
class OldNetworks {
 public:
  [[nodiscard]] static Result<OldNetworks> find(const component::ProviderRef& from);

  /// Calls `use` with a network of `tree`; what it returns.
  template <class Use>
  [[nodiscard]] auto with(component::Caller& caller, component::Tree& tree, Use use) const
      -> decltype(use(std::declval<const component::Foreign<OldNetwork>&>())) {
    auto network = TRY(get_.call_in(tree, caller));
    auto result = use(network);
    if (result) TRY(network.dropped(caller.tree().run()));
    return result;
  }

 private:
  using Get = component::ProviderFunction<component::Foreign<OldNetwork>()>;
  explicit OldNetworks(Get get) : get_(std::move(get)) {}
  Get get_;
};

/// bind of a socket R of 0.2, as one call.
template <component::NamesResource R>
class Binding {
 public:
  using Socket = component::Foreign<R>;

  [[nodiscard]] static Result<Binding> find(const component::ProviderRef& from) {
    return Binding(TRY(OldNetworks::find(from)),
                   TRY((Start::find(from, {std::string(R::kInterface), method<R>("start-bind")}))),
                   TRY((find_method<R, p2::NetworkReply<>>(from, "finish-bind"))),
                   TRY((find_method<R, IpAddressFamily>(from, "address-family"))),
                   TRY((find_method<R, std::unique_ptr<p2::Pollable>>(from, "subscribe"))));
  }

  /// Pauses the guest while the provider says that it takes time.
  [[nodiscard]] Result<p2::NetworkReply<>> bind(component::Caller& caller, const Socket& socket,
                                                IpSocketAddress local) const {
    auto& tree = socket.tree();
    const auto started = TRY(networks_.with(caller, tree, [&](const component::Foreign<OldNetwork>& network) {
      return start_.call_in(tree, caller, socket, network, local);
    }));
    if (!started) return started;
    return finish(caller, socket, finish_);
  }
  /// To any address and a free port.
  [[nodiscard]] Result<p2::NetworkReply<>> bind(component::Caller& caller, const Socket& socket) const {
    const auto family = TRY(family_.call_in(socket.tree(), caller, socket));
    return bind(caller, socket, from_core(unspecified(to_core(family))));
  }

  /// Repeats the second step of a call until it has ended.
  [[nodiscard]] Result<p2::NetworkReply<>> finish(component::Caller& caller, const Socket& socket,
                                                  const Method<R, p2::NetworkReply<>>& second) const {
    auto& tree = socket.tree();
    for (bool waited = false;; waited = true) {
      const auto done = TRY(second.call_in(tree, caller, socket));
      if (done || socket_error(done.error()) != SocketError::would_block) return done;
      auto pollable = TRY(subscribe_.call_in(tree, caller, socket));
      TRY(caller.await(waited ? pollable_ready_again(caller.loop(), std::move(pollable))
                              : pollable_ready(std::move(pollable))));
    }
  }

 private:
  using Start = component::ProviderFunction<p2::NetworkReply<>(component::Lent<R>,
                                                               component::Lent<OldNetwork>, IpSocketAddress)>;
  using Finish = Method<R, p2::NetworkReply<>>;
  using Family = Method<R, IpAddressFamily>;
  using Subscribe = Method<R, std::unique_ptr<p2::Pollable>>;
  Binding(OldNetworks networks, Start start, Finish finish, Family family, Subscribe subscribe)
      : networks_(std::move(networks)),
        start_(std::move(start)),
        finish_(std::move(finish)),
        family_(std::move(family)),
        subscribe_(std::move(subscribe)) {}
  OldNetworks networks_;
  Start start_;
  Finish finish_;
  Family family_;
  Subscribe subscribe_;
};

}  // namespace wisp::wasi::bridge
