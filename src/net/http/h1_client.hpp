#pragma once

#include "net/http/client_state.hpp"
#include "net/http/h1_body.hpp"
#include "net/inbound.hpp"

#include <memory>
#include <string>

namespace wisp::net::http {

/// A client's HTTP/1 connection: used by one exchange at a time, watched while it is idle. Owned by the pool
/// while idle, else by its exchange, and by the read that is out.
class H1Client final : public std::enable_shared_from_this<H1Client> {
 public:
  H1Client(std::shared_ptr<Client::State> client, std::string key, std::unique_ptr<Transport> transport,
           std::size_t max_head);
  ~H1Client();
  H1Client(const H1Client&) = delete;
  H1Client& operator=(const H1Client&) = delete;

  void start();
  /// Lies in the pool from now on; closes itself when the server does, says something, or time is up.
  void rest();
  /// Leaves the pool.
  void take() noexcept {
    resting_ = false;
    idle_timer_.disarm();
  }
  void close(Transport::Ending ending = Transport::Ending::orderly) noexcept;

  /// Whether it can take a request.
  [[nodiscard]] bool usable() const noexcept { return !closed_ && !in_.ended() && in_.pending().empty(); }
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] Transport& transport() noexcept { return *transport_; }
  [[nodiscard]] Inbound& in() noexcept { return in_; }
  [[nodiscard]] Client::State& client() noexcept { return *client_; }
  [[nodiscard]] std::uint32_t used() const noexcept { return used_; }
  void count_use() noexcept { ++used_; }

 private:
  std::shared_ptr<Client::State> client_;
  std::string key_;
  std::unique_ptr<Transport> transport_;
  Inbound in_;
  Timer idle_timer_;
  std::uint32_t used_ = 0;
  bool resting_ = false;
  bool closed_ = false;
};

/// Sends the head of a request without a body over an idle connection; what the transport does not take at
/// once goes when the response is waited for. Null: the head cannot be sent.
[[nodiscard]] std::unique_ptr<PooledExchange> send_h1_now(std::shared_ptr<H1Client> connection,
                                                          const RequestHead& head,
                                                          const SendContext& context);

/// Sends the head over an idle connection. Takes the connection along, also when it fails.
[[nodiscard]] boost::asio::awaitable<Result<std::unique_ptr<PooledExchange>>> send_h1(
    std::shared_ptr<H1Client> connection, const RequestHead& head, const SendContext& context);

}  // namespace wisp::net::http
