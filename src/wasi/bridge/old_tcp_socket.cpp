#include "wasi/bridge/old_tcp_socket.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace wisp::wasi::bridge {

OldTcpState::OldTcpState(boost::asio::io_context& loop, Socket of, Phase in)
    : phase(in), loop_(&loop), socket_(std::move(of)) {}

OldTcpState::~OldTcpState() {
  connecting_link_.unlink();
  dropping_.unlink();
}

void OldTcpState::connect(std::unique_ptr<Connecting> call) {
  phase = Phase::connecting;
  connecting_ = std::move(call);
  if (!connecting_->ready()) connecting_link_.link(connecting_->changed(), *this);
}

Result<SocketResult<>> OldTcpState::finish_connect() {
  if (!connecting_->ready()) return SocketResult<>(std::unexpected(SocketError::would_block));
  const auto call = std::move(connecting_);
  phase = Phase::closed;
  const auto answer = TRY(call->take());
  if (!answer) return SocketResult<>(std::unexpected(socket_error(answer.error())));
  phase = Phase::connected;
  return SocketResult<>();
}

void OldTcpState::listen(Connections connections) {
  phase = Phase::listening;
  connections_.emplace(std::move(connections));
  // Told within what the provider does: whoever waits looks when that is over.
  connections_->on_progress = [this, weak = std::weak_ptr(alive_)] {
    boost::asio::post(*loop_, [this, weak] {
      if (!weak.expired()) changed_.fire();
    });
  };
}

bool OldTcpState::look() {
  if (!reading_) {
    if (connections_->dropped()) return true;
    reading_ = true;
    // First: what is there but cannot be taken closes the stream at once.
    if (!dropping_.linked()) dropping_.link(connections_->dropping(), *this);
    connections_->start(accepted_);
  }
  return !connections_->pending() || connections_->progress() > 0;
}

SocketResult<OldTcpState::Socket> OldTcpState::accept() {
  if (!look()) return std::unexpected(SocketError::would_block);
  if (!std::exchange(reading_, false) || connections_->finish() == 0)
    return std::unexpected(SocketError::unknown);
  return std::exchange(accepted_[0], Socket());
}

bool OldTcpState::ready() {
  if (pending == p2::Pending::connect) return connecting_ == nullptr || connecting_->ready();
  return pending != p2::Pending::none || phase != Phase::listening || look();
}

Result<> OldTcpHandle::dropped(component::GuestRun& run) {
  const auto state = std::move(state_);
  // Nothing of it can be used any more, so that what it holds ends first.
  state->source = nullptr;
  state->sink = nullptr;
  return state->socket().dropped(run);
}

}  // namespace wisp::wasi::bridge
