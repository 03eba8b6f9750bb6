#pragma once

#include "net/http/client_state.hpp"
#include "net/http/h2_session.hpp"

#include <memory>
#include <string>

namespace wisp::net::http {

/// A client's HTTP/2 connection, shared by many exchanges. In the pool while it takes new streams.
class H2Client final : public H2Session {
 public:
  H2Client(std::shared_ptr<Client::State> client, std::string key, std::unique_ptr<Transport> transport,
           std::size_t max_head);
  ~H2Client() override;

  void start();
  void close() noexcept { end(); }

  /// Whether the server lets us open another stream now.
  [[nodiscard]] bool has_room() noexcept;
  [[nodiscard]] Client::State& client() noexcept { return *client_; }
  /// A stream has been opened.
  void busy() noexcept { idle_timer_.disarm(); }

 private:
  std::shared_ptr<H2Stream> on_open() override { return nullptr; }
  void on_batch() override {}
  void on_goaway() override;
  void on_stream_gone() override;

  std::shared_ptr<Client::State> client_;
  std::string key_;
  Timer idle_timer_;
  bool going_ = false;
};

/// Opens a stream and sends the head.
[[nodiscard]] Result<std::unique_ptr<PooledExchange>> send_h2(const std::shared_ptr<H2Client>& connection,
                                                              const RequestHead& head,
                                                              const SendContext& context);

}  // namespace wisp::net::http
