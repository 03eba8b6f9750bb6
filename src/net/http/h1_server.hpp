#pragma once

#include "net/http/h1_body.hpp"
#include "net/http/server_exchange.hpp"
#include "net/inbound.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace wisp::net::http {

/// A server's HTTP/1 connection, and the exchange of whichever request it serves: one coroutine reads a head,
/// runs the handler, and goes on with the next. Kept alive by that coroutine and by the read that is out.
class H1Server final : public ServerConnection,
                       public ServerExchange,
                       public std::enable_shared_from_this<H1Server> {
 public:
  H1Server(std::shared_ptr<Server::State> server, std::unique_ptr<Transport> transport);
  ~H1Server() override;

  void start();

  void drain() noexcept override;
  void kill() noexcept override;

  boost::asio::ip::tcp::endpoint peer() const noexcept override { return transport_->peer(); }
  bool has_body() const noexcept override { return framing_.body != BodyKind::none; }
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
  /// What the coroutine found when it waited for a request.
  enum class Next : std::uint8_t { request, close, h2 };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<Next> next_head();
  void settle() noexcept;
  void begin_exchange();
  void end_exchange() noexcept;
  boost::asio::awaitable<void> close_gently();
  void linger() noexcept;

  Result<> begin_response(const ResponseHead& head, BodySize size);
  boost::asio::awaitable<Result<>> send(std::span<const std::byte> data, std::string_view tail);
  boost::asio::awaitable<Result<>> send_rest(WriteBuffers buffers);
  void answer(std::uint16_t status, std::string_view reason) noexcept;
  boost::asio::awaitable<Result<>> send_continue();
  boost::asio::awaitable<void> send_answer(std::string bytes);
  /// A client that only ended its side still reads.
  bool unreachable() const noexcept override { return lost_ == Lost::timed_out || lost_ == Lost::shut_down; }
  void lose(Lost why) noexcept;

  void on_closed() noexcept;
  void on_wait_timeout() noexcept;
  void on_handler_timeout() noexcept;

  std::unique_ptr<Transport> transport_;
  Inbound in_;
  HeadLimits limits_;
  HeadScanner scanner_;
  Framing framing_;
  BodyDecoder body_;
  std::size_t taken_ = 0;  // bytes of the span that read_body() gave out
  std::uint32_t requests_ = 0;

  std::string out_;  // head and framing of what is being written
  bool response_chunked_ = false;
  bool writing_ = false;
  bool keep_ = true;      // the connection goes on after this response
  bool serving_ = false;  // a handler runs
  bool closed_ = false;
  bool too_slow_ = false;  // wait_timer_ expired

  Event write_free_;
  boost::asio::cancellation_signal cancel_;
  Timer wait_timer_;  // idle, head, body, closing: one at a time
  Timer write_timer_;
  Timer handler_timer_;
  enum class Waiting : std::uint8_t { idle, head, body, closing } waiting_ = Waiting::idle;
  std::chrono::steady_clock::time_point closing_until_;
};

}  // namespace wisp::net::http
