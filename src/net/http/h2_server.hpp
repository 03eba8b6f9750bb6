#pragma once

#include "net/http/h2_session.hpp"
#include "net/http/server_exchange.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace wisp::net::http {

class H2ServerStream;

/// A server's HTTP/2 connection.
class H2Server final : public H2Session, public ServerConnection {
 public:
  H2Server(std::shared_ptr<Server::State> server, std::unique_ptr<Transport> transport);
  ~H2Server() override;

  void start(std::string_view received);

  void drain() noexcept override;
  void kill() noexcept override;

  /// A head is complete; its handler is called when what came with it has been looked at.
  void ready(std::shared_ptr<H2ServerStream> stream) { ready_.push_back(std::move(stream)); }
  /// A handler has begun (+1) or ended (-1).
  void count_handler(int change) noexcept;

 private:
  void take_no_more() noexcept;
  std::shared_ptr<H2Stream> on_open() override;
  void on_batch() override;
  void on_goaway() override {}
  void on_stream_gone() override;
  bool in_a_hurry() const noexcept override { return draining_; }

  std::vector<std::shared_ptr<H2ServerStream>> ready_;
  Timer idle_timer_;
  std::uint32_t requests_ = 0;
  std::uint32_t handlers_ = 0;
  bool last_announced_ = false;
  bool draining_ = false;  // the whole server
};

/// One request over HTTP/2. Owned by its connection until the stream is closed and by the handler's
/// coroutine.
class H2ServerStream final : public H2Stream,
                             public ServerExchange,
                             public std::enable_shared_from_this<H2ServerStream> {
 public:
  explicit H2ServerStream(std::shared_ptr<H2Server> connection);
  ~H2ServerStream() override;

  /// Calls the handler, or answers by itself if the head was refused.
  void begin();

  boost::asio::ip::tcp::endpoint peer() const noexcept override { return session_->peer(); }
  bool has_body() const noexcept override { return has_body_; }
  std::optional<std::uint64_t> body_size() const noexcept override;
  boost::asio::awaitable<Result<std::span<const std::byte>>> read_body(std::size_t max) override;
  const Fields* trailers() const noexcept override;
  boost::asio::awaitable<Result<>> send_informational(const ResponseHead& head) override;
  boost::asio::awaitable<Result<>> send_head(const ResponseHead& head, BodySize size) override;
  boost::asio::awaitable<Result<>> send_head_and_write(const ResponseHead& head, BodySize size,
                                                       std::span<const std::byte> data) override;
  boost::asio::awaitable<Result<>> write(std::span<const std::byte> data) override;
  boost::asio::awaitable<Result<>> finish(const Fields* trailers) override;
  boost::asio::awaitable<Result<>> respond(const ResponseHead& head,
                                           std::span<const std::byte> body) override;
  void abort() noexcept override;

 private:
  bool on_field(Section section, std::string_view name, std::string_view value) override;
  void on_fields_done(Section section, Then then) override;
  void on_closed(std::uint32_t code) override;

  boost::asio::awaitable<void> run();
  void settle() noexcept;
  void check_head();
  void refuse(std::uint16_t status, const char* reason) noexcept;
  void answer(std::uint16_t status, std::string_view reason) noexcept;
  Result<> submit_head(const ResponseHead& head, BodySize size);
  /// Head and a copy of the whole body.
  Result<> submit_whole(const ResponseHead& head, std::span<const std::byte> body);
  Result<> submit(const ResponseHead& head, BodySize size, const std::span<const std::byte>* whole);
  boost::asio::awaitable<Result<>> send(std::span<const std::byte> data);
  void on_handler_timeout() noexcept;
  bool unreachable() const noexcept override { return lost_ != Lost::no; }

  H2Server& connection_;
  Fields trailers_;
  std::string host_;
  std::string cookie_;  // its crumbs, joined again (RFC 9113 §8.2.3)
  std::size_t head_bytes_ = 0;
  std::size_t head_fields_ = 0;
  std::uint16_t refused_ = 0;  // what the head is answered with instead of calling the handler
  const char* refused_reason_ = "";
  bool has_body_ = false;
  bool running_ = false;
  boost::asio::cancellation_signal cancel_;
  Timer handler_timer_;
};

}  // namespace wisp::net::http
