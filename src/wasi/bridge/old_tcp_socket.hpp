#pragma once

#include "component/link/channels.hpp"
#include "wasi/bridge/pending_call.hpp"
#include "wasi/bridge/provided_sockets.hpp"
#include "wasi/bridge/stream_sink.hpp"
#include "wasi/bridge/stream_source.hpp"
#include "wasi/p2/tcp.hpp"

#include <array>
#include <memory>
#include <optional>

namespace wisp::wasi::bridge {

/// A tcp-socket that a provider of 0.3 defines, with what 0.2 has between the steps of its calls. Shared by
/// its handle and the handle's pollables; lives on the shard.
class OldTcpState final : public Readiness, private Waiter {
 public:
  enum class Phase : std::uint8_t { open, bound, connecting, connected, listening, closed };
  using Socket = component::Foreign<NewTcp>;
  using Connecting = PendingCall<p3::SocketReply<>(component::Lent<NewTcp>, IpSocketAddress)>;
  using Connections = component::Stream<Socket>;

  OldTcpState(boost::asio::io_context& loop, Socket of, Phase in);
  ~OldTcpState() override;

  [[nodiscard]] const Socket& socket() const noexcept { return socket_; }
  [[nodiscard]] Socket& socket() noexcept { return socket_; }
  [[nodiscard]] boost::asio::io_context& loop() const noexcept { return *loop_; }

  Phase phase;
  p2::Pending pending = p2::Pending::none;

  /// A connection attempt is under way.
  void connect(std::unique_ptr<Connecting> call);
  /// How it has ended: would_block before that. An Error is a trap of the provider.
  [[nodiscard]] Result<SocketResult<>> finish_connect();

  /// It listens. One connection at most is taken out of the stream before somebody asks for it.
  void listen(Connections connections);
  /// would_block: nobody is there. `unknown`: nobody will be any more.
  [[nodiscard]] SocketResult<Socket> accept();

  [[nodiscard]] bool ready() override;
  [[nodiscard]] Signal& changed() noexcept override { return changed_; }

  // The halves of a connection.
  std::shared_ptr<StreamSource> source;
  std::shared_ptr<StreamSink> sink;

 private:
  void wake() noexcept override { changed_.fire(); }
  /// Whether accept() has something to say; if not, it is waited for.
  [[nodiscard]] bool look();

  boost::asio::io_context* loop_;
  Socket socket_;
  std::unique_ptr<Connecting> connecting_;
  SignalLink connecting_link_;
  // Before the end that may have an operation in it.
  std::array<Socket, 1> accepted_;
  std::optional<component::StreamReader<Socket>> connections_;
  SignalLink dropping_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  bool reading_ = false;
  Signal changed_;
};

/// wasi:sockets/tcp.tcp-socket over it; parent of its streams and pollables.
class OldTcpHandle final : public component::HostResource {
 public:
  using Theirs = NewTcp;
  explicit OldTcpHandle(std::shared_ptr<OldTcpState> state) : state_(std::move(state)) {}
  [[nodiscard]] Result<> may_drop() override { return children_.none_left("tcp-socket"); }
  [[nodiscard]] Result<> dropped(component::GuestRun& run) override;

  [[nodiscard]] OldTcpState& state() noexcept { return *state_; }
  [[nodiscard]] const OldTcpState::Socket& socket() const noexcept { return state_->socket(); }
  [[nodiscard]] std::unique_ptr<p2::Pollable> subscribe() {
    return std::make_unique<p2::Pollable>(state_, children_.adopt());
  }
  /// Of a connected one.
  [[nodiscard]] std::unique_ptr<p2::InputStream> input() {
    return std::make_unique<p2::InputStream>(state_->source, children_.adopt());
  }
  [[nodiscard]] std::unique_ptr<p2::OutputStream> output() {
    return std::make_unique<p2::OutputStream>(state_->sink, children_.adopt());
  }

 private:
  std::shared_ptr<OldTcpState> state_;
  p2::Children children_;
};

}  // namespace wisp::wasi::bridge
