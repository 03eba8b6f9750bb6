#pragma once

#include "process.hpp"

#include <memory>
#include <string>
#include <string_view>

struct ssl_st;  // OpenSSL's
struct ssl_ctx_st;

namespace wisp::e2e {

/// A response as it came over the wire; status 0 if there was none.
struct Reply {
  int status = 0;
  std::string head;  ///< with the status line
  std::string body;  ///< without chunk sizes, up to where it breaks off
  std::string sent;  ///< the same with its chunks and trailers
  bool operator==(const Reply&) const = default;
};

/// A connection to a server on this machine; blocking. Fails by being closed.
class Connection {
 public:
  explicit Connection(int port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool open() const { return descriptor_ >= 0; }
  void send(std::string_view text) const;
  /// What arrives until `end` is in it, or the connection ends.
  [[nodiscard]] std::string receive_until(std::string_view end) const;
  /// Whatever arrives until the connection ends.
  [[nodiscard]] std::string receive_all() const;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  friend class Listener;
  struct Accepted {
    int descriptor;
  };
  explicit Connection(Accepted accepted);
  int descriptor_ = -1;
};

/// A server on this machine that says what the test says.
class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] int port() const;
  /// Waits for the next client.
  [[nodiscard]] Connection accept() const;

 private:
  int descriptor_;
};

/// GET over a connection of its own. `fields`: lines, each with its CRLF.
[[nodiscard]] Reply get(int port, std::string_view target, std::string_view fields = {});
/// A POST with its body in one chunk; the raw response. `trailers`: lines, each with its CRLF.
[[nodiscard]] std::string post_chunked(int port, std::string_view target, std::string_view body,
                                       std::string_view trailers = {});

/// A TLS connection that looks at no certificate.
class TlsConnection {
 public:
  /// `offered`: by ALPN, "h2" or "http/1.1"; empty: none.
  TlsConnection(int port, std::string_view offered);
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  /// Whether the handshake is done.
  [[nodiscard]] bool open() const { return open_; }
  /// What was agreed on by ALPN; empty: nothing.
  [[nodiscard]] std::string protocol() const;
  void send(std::string_view text);
  /// The next `size` bytes; fewer at the end.
  [[nodiscard]] std::string receive(std::size_t size);
  /// Whatever arrives until the connection ends.
  [[nodiscard]] std::string receive_all() { return receive(std::string::npos); }

 private:
  Connection plain_;
  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
  bool open_ = false;
};

/// The same over TLS, without looking at the certificate.
[[nodiscard]] Reply get_tls(int port, std::string_view target);

/// A certificate for localhost and its key in `folder`: cert.pem, key.pem. With a password the key is
/// encrypted.
void make_certificate(const Folder& folder, const char* password = nullptr);

/// `wisp serve --addr 127.0.0.1:0 …` that has begun to listen.
class Server {
 public:
  explicit Server(std::vector<std::string> arguments, const Setting& setting = {});
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::string& first_line() const { return first_line_; }
  [[nodiscard]] Process& process() { return process_; }
  /// SIGTERM, then how it ended.
  [[nodiscard]] Outcome stop();

 private:
  Process process_;
  std::string first_line_;
  int port_ = 0;
};

}  // namespace wisp::e2e
