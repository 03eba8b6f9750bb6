#pragma once

#include "net/http/server.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace wisp::net::http::testing {

/// The value of a result, or a test failure at the caller's line.
template <class T>
T must(Result<T> result, std::source_location at = std::source_location::current()) {
  if (!result) {
    ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << result.error().message();
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// A loop on a thread of its own. What lives on the loop is made and destroyed there by on_loop().
class LoopThread {
 public:
  LoopThread() : thread_([this] { io_.run(); }) {}
  ~LoopThread() {
    work_.reset();
    thread_.join();
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  boost::asio::io_context& io() { return io_; }

  /// Runs `call` on the loop and returns what it returns.
  template <class Call>
  auto on_loop(Call call) {
    return boost::asio::post(io_, boost::asio::use_future(std::move(call))).get();
  }
  /// Runs a coroutine on the loop to its end.
  template <class T>
  T await(boost::asio::awaitable<T> coroutine) {
    return boost::asio::co_spawn(io_, std::move(coroutine), boost::asio::use_future).get();
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

/// A server on a loopback port of its own, on a thread of its own. Its loop ends without work left: a
/// connection or coroutine that leaks hangs the test.
class TestServer {
 public:
  explicit TestServer(Handler handler, ServerOptions options = {},
                      std::source_location at = std::source_location::current());
  ~TestServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] LoopThread& loop() { return loop_; }
  [[nodiscard]] Server& server() { return *server_; }
  /// A snapshot, taken on the loop.
  [[nodiscard]] ServerStats stats();
  /// Destroys the server; connections are closed.
  void stop();

 private:
  LoopThread loop_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

/// A blocking TCP client that says exactly the bytes it is given. Every wait ends after ten seconds, with a
/// failure.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, std::source_location at = std::source_location::current());
  /// The server's end of a connection, which it owns; see RawListener.
  struct Accepted {
    int socket;
  };
  explicit RawClient(Accepted connection);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes);
  /// Reads until `end` has been seen; returns everything up to and including it.
  std::string read_until(std::string_view end, std::source_location at = std::source_location::current());
  /// Reads `size` bytes.
  std::string read_exactly(std::size_t size, std::source_location at = std::source_location::current());
  /// Reads `size` bytes, or fewer at the end of the stream.
  std::string read_or_end(std::size_t size, std::source_location at = std::source_location::current());
  /// Reads to the end of the stream (a reset counts as one).
  std::string read_all(std::source_location at = std::source_location::current());
  /// A response with Content-Length: head and body.
  std::string read_response(std::source_location at = std::source_location::current());
  void shutdown_send();
  /// Ends with a reset.
  void reset();
  void close();
  /// Whether the peer has reset the connection, as the kernel knows by now.
  [[nodiscard]] bool is_reset() const;
  /// Whether the last read ended with a reset.
  [[nodiscard]] bool was_reset() const { return was_reset_; }

 private:
  bool fill(std::source_location at);
  int socket_ = -1;
  bool was_reset_ = false;
  std::string buffer_;
};

/// A loopback port whose connections a test answers by hand. Every wait ends after ten seconds, with a
/// failure.
class RawListener {
 public:
  explicit RawListener(std::source_location at = std::source_location::current());
  ~RawListener();
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] RawClient::Accepted accept(std::source_location at = std::source_location::current());

 private:
  int socket_ = -1;
  std::uint16_t port_ = 0;
};

/// Polls `condition` for up to ten seconds.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// A handler that answers 200 with `text`.
[[nodiscard]] Handler say(std::string text);

/// Reads the whole request body.
boost::asio::awaitable<Result<std::string>> read_whole_body(Exchange& exchange);

}  // namespace wisp::net::http::testing
