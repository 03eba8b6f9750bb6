#pragma once

#include "net/event.hpp"
#include "net/http/client.hpp"
#include "net/timer_wheel.hpp"
#include "net/transport.hpp"

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace wisp::net::http {

class H1Client;
class H2Client;

/// An exchange that knows whether the server can have seen its request.
class PooledExchange : public ClientExchange {
 public:
  /// After a failure: the request may be sent again without being executed twice.
  [[nodiscard]] virtual bool untouched() const noexcept = 0;
};

/// What sending on a connection takes beside the head.
struct SendContext {
  BodySize size;
  SendOptions options;
};

/// What the connections of one shard's client share. Lives as long as the last of them.
struct Client::State : std::enable_shared_from_this<Client::State> {
  State(boost::asio::io_context& loop, std::shared_ptr<DnsPool> resolver,
        std::shared_ptr<const TlsClientContext> trust, ClientLimits with)
      : io(loop), dns(std::move(resolver)), tls(std::move(trust)), limits(with), wheel(loop) {}

  /// The connections to one place for one tenant.
  struct Place {
    std::vector<std::shared_ptr<H1Client>> idle;  // newest last
    std::list<std::shared_ptr<H2Client>> h2;      // all that take new streams
  };

  enum class Reuse : std::uint8_t { allowed, fresh };
  boost::asio::awaitable<Result<std::unique_ptr<PooledExchange>>> send(const RequestHead& head,
                                                                       const SendContext& context,
                                                                       Reuse reuse);

  /// As Client::send_now.
  [[nodiscard]] std::unique_ptr<PooledExchange> send_now(const RequestHead& head, const SendContext& context);

  /// A connection that takes another stream, or null.
  std::shared_ptr<H2Client> find_h2(const std::string& key) noexcept;
  /// An idle connection, taken out of the pool, or null.
  std::shared_ptr<H1Client> take_idle(const std::string& key) noexcept;
  /// A connection has finished an exchange, or has become useless.
  void give_back(std::shared_ptr<H1Client> connection);
  void forget(const std::string& key, const H1Client* connection) noexcept;
  void forget(const std::string& key, const H2Client* connection) noexcept;
  void close_all() noexcept;

  void forget_empty(std::unordered_map<std::string, Place>::iterator place) noexcept {
    if (place->second.idle.empty() && place->second.h2.empty()) places.erase(place);
  }

  /// Waits while somebody else connects to a place where any number of requests share a connection. False:
  /// cancelled.
  [[nodiscard]] boost::asio::awaitable<bool> others_to_connect(const std::string& key);

  boost::asio::io_context& io;
  std::shared_ptr<DnsPool> dns;
  std::shared_ptr<const TlsClientContext> tls;
  ClientLimits limits;
  TimerWheel wheel;
  std::unordered_map<std::string, Place> places;
  std::unordered_map<std::string, std::vector<Event*>> attempts;  // by key: who waits for one to end
  std::uint32_t open = 0;
  std::uint32_t connecting = 0;
  std::uint64_t made = 0;
  bool ended = false;
};

}  // namespace wisp::net::http
