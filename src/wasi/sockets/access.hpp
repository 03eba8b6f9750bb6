#pragma once

#include "wasi/policy/egress.hpp"
#include "wasi/sockets/address.hpp"

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace wisp::wasi {

/// What a guest may do on the network. Immutable; shared by all guests of a kind.
struct NetworkRules {
  EgressPolicy egress;
  bool listen = false;   ///< accept connections, receive from anybody, choose a local port
  bool look_up = false;  ///< any name may be looked up; without it only those that `egress` names
};

/// The rules applied to one guest, with what it has looked up: a name that a rule allows makes the addresses
/// found under it reachable. One shard; shared by the guest's sockets.
class NetworkAccess {
 public:
  explicit NetworkAccess(std::shared_ptr<const NetworkRules> rules) : rules_(std::move(rules)) {}

  [[nodiscard]] const NetworkRules& rules() const noexcept { return *rules_; }
  [[nodiscard]] bool may_bind(const SocketAddress& local) const;
  [[nodiscard]] bool may_listen() const noexcept { return rules_->listen; }
  [[nodiscard]] bool may_reach(const SocketAddress& remote) const;
  /// Whether a datagram from there may reach the guest.
  [[nodiscard]] bool may_hear(const SocketAddress& remote) const;
  [[nodiscard]] bool may_look_up(std::string_view name) const;
  void learn(std::string_view name, std::span<const boost::asio::ip::address> addresses);

 private:
  struct Learned {
    std::string name;
    boost::asio::ip::address address;
  };
  std::shared_ptr<const NetworkRules> rules_;
  std::deque<Learned> learned_;
};

}  // namespace wisp::wasi
