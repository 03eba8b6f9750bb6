#pragma once

#include "wasi/http/incoming_body.hpp"
#include "wasi/http/outgoing_contents.hpp"
#include "wasi/p3/http_types.hpp"

#include <array>
#include <memory>
#include <optional>

/// Bodies of messages as streams and futures, over the core objects of wasi/http.
namespace wisp::wasi::p3 {

/// What a body consists of on its way between two sides. `contents` empty: no bytes.
struct BodyEnds {
  std::optional<BodyStream> contents;
  TrailersFuture trailers;
};

/// The body of an incoming message as streams see it: pieces go from the connection's buffer straight to
/// whoever reads, one at a time. `handled`, if there is one, is how the reader says what it made of the
/// message: an error ends the body.
[[nodiscard]] BodyEnds open_body(boost::asio::io_context& loop, std::shared_ptr<http::IncomingBody> body,
                                 std::optional<TransmissionFuture> handled);

/// Resolves `to` with what comes out of `from`.
void forward(boost::asio::io_context& loop, TransmissionFuture from,
             component::FutureWriter<Transmission> to);

/// A body that goes out, read from streams: at most two buffers, one being filled by the guest while the
/// other is on its way to the peer.
///
/// Shared by the session or flight that passes it on and the message; lives on one shard.
class StreamedBody final : public http::OutgoingContents {
 public:
  static constexpr std::size_t kFirstBuffer = 4 << 10;
  static constexpr std::size_t kBuffer = 64 << 10;

  /// Begins to read. `announced`: what is known of the length. The large buffers count as bytes of `share`;
  /// where it does not have them small ones must do.
  StreamedBody(Of of, BodyEnds ends, component::FutureWriter<Transmission> transmission,
               std::optional<std::uint64_t> announced, Quota::Slot share);
  ~StreamedBody() override;

  void attach(Waiter* reader) noexcept override { reader_ = reader; }
  [[nodiscard]] State state() noexcept override;
  [[nodiscard]] std::optional<std::uint64_t> announced() const noexcept override { return announced_; }
  [[nodiscard]] std::uint64_t written() const noexcept override { return taken_ + pending().size(); }
  [[nodiscard]] const std::shared_ptr<const net::http::Fields>& trailers() const noexcept override {
    return fields_;
  }
  [[nodiscard]] std::optional<http::ErrorCode> failure() const override { return failure_; }
  [[nodiscard]] ByteView pending() const noexcept override;
  [[nodiscard]] ByteView take() override;
  void break_off(std::optional<Failure> failure) noexcept override;
  [[nodiscard]] bool ends_with_call() const noexcept override { return false; }

 private:
  struct Buffer {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size = 0;
  };
  void read();
  void abandon(http::ErrorCode code);
  void look_at_trailers();
  void progress() noexcept {
    if (reader_ != nullptr) reader_->wake();
  }

  Of of_;
  State state_ = State::open;
  std::optional<std::uint64_t> announced_;
  std::uint64_t taken_ = 0;
  component::StreamReader<std::uint8_t> stream_;
  component::FutureReader<Trailers> trailers_;
  component::FutureWriter<Transmission> transmission_;
  std::array<Buffer, 2> buffers_;
  std::size_t filling_ = 0;  // index of the buffer that is being filled
  bool reading_ = false;     // what the stream has put there has not been taken
  bool trailers_known_ = false;
  bool grown_ = false;
  std::shared_ptr<const net::http::Fields> fields_;
  std::optional<http::ErrorCode> failure_;
  Quota::Slot share_;
  Waiter* reader_ = nullptr;
};

}  // namespace wisp::wasi::p3
