#pragma once

#include "net/event.hpp"
#include "net/http/message.hpp"
#include "net/timer_wheel.hpp"
#include "net/transport.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// nghttp2's own types; its header stays in the .cpp files.
struct nghttp2_session;
struct nghttp2_option;

namespace wisp::net::http {

class H2Session;

/// The fields of a head as HTTP/2 sends them: lower-case names, in one buffer.
class H2Fields {
 public:
  /// Adds ":status" and the like.
  void pseudo(std::string_view name, std::string_view value);
  /// Adds all but those that act on a connection, and but Content-Length if `sizes` is drop. Fails with
  /// Errc::http_protocol on what cannot be sent.
  enum class Sizes : std::uint8_t { keep, drop };
  [[nodiscard]] Result<> add(const Fields& fields, Sizes sizes);
  void add(std::string_view name, std::string_view value);

  struct Item {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  [[nodiscard]] const std::vector<Item>& items() const noexcept { return items_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }

 private:
  std::string text_;
  std::vector<Item> items_;
};

/// One stream of an HTTP/2 connection: both bodies with their backpressure. What the fields mean is for the
/// server's and the client's stream that derive from it.
///
/// Owned by its session until the stream is closed, and by who uses it.
class H2Stream {
 public:
  explicit H2Stream(std::shared_ptr<H2Session> session);
  virtual ~H2Stream();
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;

  // --- called by the session while it receives; nothing may be sent from here
  enum class Section : std::uint8_t { head, trailers };
  /// A field of the head or the trailers, checked by nghttp2. False: too much, the stream is reset.
  virtual bool on_field(Section section, std::string_view name, std::string_view value) = 0;
  /// The head or the trailers are complete; `then` says whether anything follows.
  enum class Then : std::uint8_t { more, end };
  virtual void on_fields_done(Section section, Then then) = 0;
  /// The stream is over, in order (0) or with an error code (RFC 9113 §7).
  virtual void on_closed(std::uint32_t code) = 0;

  [[nodiscard]] std::int32_t id() const noexcept { return id_; }

 protected:
  friend class H2Session;

  /// What waiting for body bytes ended with.
  enum class More : std::uint8_t { bytes, end, closed, timed_out, cancelled };

  /// Gives back to the peer's window what next_piece() handed out last, then waits until there are bytes or a
  /// reason why there will be none.
  [[nodiscard]] boost::asio::awaitable<More> wait_for_bytes(std::chrono::milliseconds timeout);
  /// wait_for_bytes() where it need not wait; else nothing.
  [[nodiscard]] std::optional<More> bytes_now() noexcept;
  /// After More::bytes: at most `max` bytes, valid until wait_for_bytes().
  [[nodiscard]] std::span<const std::byte> next_piece(std::size_t max) noexcept;

  enum class Sent : std::uint8_t { all, closed, timed_out, cancelled };
  /// Hands `data` to the session and waits until it is in frames.
  [[nodiscard]] boost::asio::awaitable<Sent> send_data(std::span<const std::byte> data,
                                                       std::chrono::milliseconds timeout);
  /// The body ends after what was handed over, with trailers if there are any.
  void send_end(H2Fields trailers);
  /// Before the head is submitted: the body is a copy of `data`, and that is all; nobody needs to wait.
  void preset_body(std::span<const std::byte> data);
  /// Asks the peer to stop sending once our side is complete; what still comes is dropped (RFC 9113 §8.1).
  void stop_receiving() noexcept;

  /// Resets the stream, once.
  void reset(std::uint32_t code) noexcept;

  std::shared_ptr<H2Session> session_;
  std::int32_t id_ = -1;
  bool received_all_ = false;  // END_STREAM came
  bool closed_ = false;

 private:
  void receive(std::string_view data);
  void end_received();
  void close(std::uint32_t code);
  void release_taken() noexcept;

  // Bytes received: inbox_ grows while a span of reading_ is out; they swap when reading_ is used up.
  std::string inbox_;
  std::string reading_;
  std::size_t read_ = 0;
  std::size_t taken_ = 0;
  Event arrived_;

  // Bytes to send: owned_ first, then the writer's span.
  std::string owned_;
  std::size_t owned_sent_ = 0;
  std::span<const std::byte> lent_;
  H2Fields trailers_to_send_;
  bool end_to_send_ = false;
  bool sent_all_ = false;
  bool stop_receiving_ = false;
  bool reset_ = false;
  bool read_timed_out_ = false;
  bool write_timed_out_ = false;
  Event drained_;
  Timer read_timer_;
  Timer write_timer_;
};

struct H2Limits {
  std::uint32_t streams = 100;                        ///< that the peer may open at once
  std::size_t stream_window = std::size_t{64} << 10;  ///< unread bytes of a stream
  std::size_t head_bytes = std::size_t{64} << 10;     ///< announced as SETTINGS_MAX_HEADER_LIST_SIZE
  std::chrono::milliseconds write_timeout{60'000};    ///< the transport takes nothing
};

/// An HTTP/2 connection over nghttp2, either side: reads, feeds the session, and sends what it has to say,
/// many frames in one write. Kept alive by the read that is out.
class H2Session : public Transport::Reader, public std::enable_shared_from_this<H2Session> {
 public:
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  /// Sends what nghttp2 has to send, now, or after what is being received has been looked at.
  void flush() noexcept;

  [[nodiscard]] nghttp2_session* native() noexcept { return native_; }
  [[nodiscard]] TimerWheel& wheel() noexcept { return wheel_; }
  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }
  [[nodiscard]] boost::asio::ip::tcp::endpoint peer() const noexcept { return transport_->peer(); }
  /// No stream can be opened or used any more.
  [[nodiscard]] bool ended() const noexcept { return ended_ || closing_; }
  [[nodiscard]] std::size_t open_streams() const noexcept { return streams_.size(); }

  /// Sends the head of a stream; the body follows if `body` is follows. Client: opens the stream and gives it
  /// its id.
  enum class Body : std::uint8_t { none, follows };
  [[nodiscard]] Result<> submit_response(H2Stream& stream, const H2Fields& fields, Body body);
  [[nodiscard]] Result<> submit_informational(H2Stream& stream, const H2Fields& fields);
  [[nodiscard]] Result<> submit_request(const std::shared_ptr<H2Stream>& stream, const H2Fields& fields,
                                        Body body);

  /// Announces that no further streams are taken, with an error code.
  void submit_goaway(std::uint32_t code) noexcept;

  void on_read(const boost::system::error_code& error, std::size_t size) noexcept override;

 protected:
  enum class Side : std::uint8_t { server, client };
  H2Session(boost::asio::io_context& io, TimerWheel& wheel, std::unique_ptr<Transport> transport, Side side,
            H2Limits limits);
  virtual ~H2Session();

  /// Sends the settings and begins to read; `received` came before.
  void start(std::string_view received);
  /// Closes the connection and all its streams.
  void end() noexcept;

  /// Server: the peer opens a stream. Null refuses it.
  virtual std::shared_ptr<H2Stream> on_open() = 0;
  /// After what was received has been fed to the streams, and before it is answered.
  virtual void on_batch() = 0;
  /// The peer takes no new streams (GOAWAY), or no more than before.
  virtual void on_goaway() = 0;
  /// A stream has ended; or all of them, with the connection.
  virtual void on_stream_gone() = 0;
  /// Whether a connection whose work is done need not wait for its peer to close it.
  [[nodiscard]] virtual bool in_a_hurry() const noexcept { return false; }

  Transport& transport() noexcept { return *transport_; }

 private:
  struct Callbacks;
  void feed(std::string_view bytes) noexcept;
  void read_more();
  bool gather();
  void close_gently() noexcept;
  void linger() noexcept;
  boost::asio::awaitable<void> write_rest(std::size_t sent);
  H2Stream* find(std::int32_t id) noexcept;
  [[nodiscard]] bool glitch(unsigned cost) noexcept;

  boost::asio::io_context& io_;
  TimerWheel& wheel_;
  std::unique_ptr<Transport> transport_;
  Side side_;
  H2Limits limits_;
  nghttp2_session* native_ = nullptr;
  std::unordered_map<std::int32_t, std::shared_ptr<H2Stream>> streams_;
  std::unique_ptr<std::byte[]> in_;
  std::string out_;
  Timer write_timer_;
  Timer closing_timer_;
  std::chrono::steady_clock::time_point closing_until_;
  Timer head_timer_;  // a head has begun and is not complete: it blocks the whole connection
  std::uint64_t glitch_window_ = 0;
  unsigned glitches_ = 0;
  std::uint64_t resets_ = 0;  // received by a client
  bool receiving_ = false;
  bool sending_ = false;  // within gather()
  bool writing_ = false;  // a write is out
  bool closing_ = false;  // all is said; what still comes is dropped
  bool ended_ = false;
};

}  // namespace wisp::net::http
