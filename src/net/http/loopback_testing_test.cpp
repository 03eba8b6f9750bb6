#include "net/http/loopback_testing.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace wisp::net::http::testing {

TestServer::TestServer(Handler handler, ServerOptions options, std::source_location at) {
  loop_.on_loop(
      [&] { server_ = must(Server::listen(loop_.io(), std::move(options), std::move(handler)), at); });
  port_ = server_->port();
}

TestServer::~TestServer() { stop(); }

ServerStats TestServer::stats() {
  return loop_.on_loop([this] { return server_->stats(); });
}

void TestServer::stop() {
  loop_.on_loop([this] { server_.reset(); });
}

namespace {

void limit_waits(int socket) {
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

}  // namespace

RawClient::RawClient(Accepted connection) : socket_(connection.socket) { limit_waits(socket_); }

RawClient::RawClient(std::uint16_t port, std::source_location at)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  limit_waits(socket_);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << "connect: " << std::strerror(errno);
  }
}

RawClient::~RawClient() { close(); }

void RawClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed: what it answered is what the test looks at
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawClient::fill(std::source_location at) {
  char piece[64 << 10];
  const ssize_t size = ::recv(socket_, piece, sizeof piece, 0);
  if (size > 0) {
    buffer_.append(piece, static_cast<std::size_t>(size));
    return true;
  }
  was_reset_ = size < 0 && errno == ECONNRESET;
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << "nothing came; so far: " << buffer_;
  }
  return false;
}

std::string RawClient::read_until(std::string_view end, std::source_location at) {
  for (;;) {
    if (const std::size_t found = buffer_.find(end); found != std::string::npos) {
      return read_exactly(found + end.size(), at);
    }
    if (!fill(at)) {
      ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << "no \"" << end << "\" in: " << buffer_;
      return std::exchange(buffer_, {});
    }
  }
}

std::string RawClient::read_exactly(std::size_t size, std::source_location at) {
  while (buffer_.size() < size && fill(at)) {
  }
  if (buffer_.size() < size) {
    ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << "the stream ended after: " << buffer_;
  }
  std::string result = buffer_.substr(0, size);
  buffer_.erase(0, result.size());
  return result;
}

std::string RawClient::read_or_end(std::size_t size, std::source_location at) {
  while (buffer_.size() < size && fill(at)) {
  }
  std::string result = buffer_.substr(0, size);
  buffer_.erase(0, result.size());
  return result;
}

std::string RawClient::read_all(std::source_location at) {
  while (fill(at)) {
  }
  return std::exchange(buffer_, {});
}

std::string RawClient::read_response(std::source_location at) {
  std::string head = read_until("\r\n\r\n", at);
  const std::size_t found = head.find("Content-Length: ");
  if (found == std::string::npos) return head;
  return head + read_exactly(std::strtoul(head.c_str() + found + 16, nullptr, 10), at);
}

void RawClient::shutdown_send() { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool RawClient::is_reset() const {
  pollfd self{.fd = socket_, .events = 0, .revents = 0};
  return ::poll(&self, 1, 0) == 1 && (self.revents & POLLERR) != 0;
}

RawListener::RawListener(std::source_location at) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  limit_waits(socket_);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(socket_, 16) != 0 ||
      ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << "listen: " << std::strerror(errno);
  }
  port_ = ntohs(address.sin_port);
}

RawListener::~RawListener() { ::close(socket_); }

RawClient::Accepted RawListener::accept(std::source_location at) {
  const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) {
    ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << "accept: " << std::strerror(errno);
  }
  return {socket};
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return condition();
}

Handler say(std::string text) {
  return [text = std::move(text)](Exchange& exchange) -> boost::asio::awaitable<void> {
    (void)co_await exchange.respond({}, as_body(text));
  };
}

boost::asio::awaitable<Result<std::string>> read_whole_body(Exchange& exchange) {
  std::string body;
  for (;;) {
    const auto piece = CO_TRY(co_await exchange.read_body(1 << 20));
    if (piece.empty()) co_return body;
    body += as_text(piece);
  }
}

}  // namespace wisp::net::http::testing
