#pragma once

#include "base/result.hpp"
#include "net/dns.hpp"
#include "net/event.hpp"
#include "net/http/client.hpp"
#include "net/tls.hpp"
#include "wasi/http/message.hpp"
#include "wasi/io/readiness.hpp"
#include "wasi/policy/egress.hpp"
#include "wasi/system/quota.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace wisp::wasi::http {

/// What the guests of a shard may send, and through what.
struct OutgoingOptions {
  std::shared_ptr<const EgressPolicy> policy;        ///< null: nothing may be sent
  std::shared_ptr<net::DnsPool> dns;                 ///< shared by shards; may be null with a null policy
  std::shared_ptr<const net::TlsClientContext> tls;  ///< null: https is refused
  std::string pool_key;                              ///< connections are shared only under the same key
  net::http::ClientLimits limits;
};

/// The response to a request that was sent: ready() once it, or the reason why there is none, is here.
class PendingResponse final : public Readiness {
 public:
  using Outcome = std::expected<IncomingResponse, ErrorCode>;

  [[nodiscard]] bool ready() override { return state_ != State::waiting; }
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

  /// The outcome, once; then, and before it is ready, nothing.
  [[nodiscard]] std::optional<Outcome> take();

  /// Nobody wants the response any more: gives the request up unless it is answered.
  void cancel() noexcept;

 private:
  friend class Outgoing;
  friend class LocalHandler;
  enum class State : std::uint8_t { waiting, ready, taken };
  void resolve(Outcome outcome);

  State state_ = State::waiting;
  std::optional<Outcome> outcome_;
  Signal changed_;
  boost::asio::cancellation_signal cancel_;
};

/// What guests of one shard send requests through: policy, then the shard's client with its pool of
/// connections.
///
/// Owned by the shard's owner and the contexts of its trees; lives on the shard. Its coroutines hold it.
class Outgoing final : public std::enable_shared_from_this<Outgoing> {
 public:
  Outgoing(boost::asio::io_context& loop, OutgoingOptions options);
  ~Outgoing();
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  /// Begins to send. Refused at once: HTTP-protocol-error (a scheme that is not http or https),
  /// HTTP-request-URI-invalid (no authority), HTTP-request-method-invalid, HTTP-request-denied (the policy
  /// knows no address under that name). All other failures arrive in the response.
  /// `slot` is held until the response's body is through.
  [[nodiscard]] std::expected<std::shared_ptr<PendingResponse>, ErrorCode> send(
      OutgoingRequest request, const RequestTimeouts& timeouts, Quota::Slot slot);

  /// Requests that are not through, their responses' bodies included. The loop must run until there are none
  /// before it is destroyed.
  [[nodiscard]] std::uint32_t in_flight() const noexcept { return in_flight_; }

  /// New requests are refused; those in flight end with the trees that sent them.
  void shut_down() noexcept;

 private:
  class Flight;
  friend class Flight;

  boost::asio::io_context& loop_;
  OutgoingOptions options_;
  net::http::Client client_;
  std::uint32_t in_flight_ = 0;
  bool stopped_ = false;
};

}  // namespace wisp::wasi::http
