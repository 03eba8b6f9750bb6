#pragma once

#include "net/dns.hpp"
#include "wasi/io/readiness.hpp"
#include "wasi/sockets/access.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wisp::wasi {

/// A name as it is looked up: lower case, non-ASCII labels in Punycode, or an address literal.
/// invalid_argument for what is neither a host name nor an address.
[[nodiscard]] SocketResult<std::string> to_ascii_name(std::string_view name);

/// One look-up. Dropping it cancels it.
class NameLookup final : public Readiness {
 public:
  using Addresses = std::vector<boost::asio::ip::address>;

  /// Starts; invalid_argument and access_denied are told at once. IP literals are answered without asking
  /// anybody.
  [[nodiscard]] static SocketResult<std::shared_ptr<NameLookup>> start(boost::asio::io_context& loop,
                                                                       std::shared_ptr<net::DnsPool> resolver,
                                                                       std::shared_ptr<NetworkAccess> access,
                                                                       std::string_view name);
  ~NameLookup() override;

  [[nodiscard]] bool ready() override { return state_->result.has_value(); }
  [[nodiscard]] Signal& changed() noexcept override { return state_->changed; }

  /// Once ready(): the addresses, IPv4-mapped ones as IPv4.
  [[nodiscard]] const SocketResult<Addresses>& result() const { return *state_->result; }

 private:
  struct State {
    std::optional<SocketResult<Addresses>> result;
    Signal changed;
    boost::asio::cancellation_signal cancel;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace wisp::wasi
