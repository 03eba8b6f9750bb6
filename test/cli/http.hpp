#pragma once

#include "process.hpp"

#include <string>
#include <string_view>

namespace wisp::e2e {

/// A response as it came over the wire; status 0 if there was none.
struct Reply {
  int status = 0;
  std::string head;  ///< with the status line
  std::string body;  ///< as sent, chunks and all
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
  int descriptor_ = -1;
};

/// GET over a connection of its own. `fields`: lines, each with its CRLF.
[[nodiscard]] Reply get(int port, std::string_view target, std::string_view fields = {});

/// The same over TLS, without looking at the certificate.
[[nodiscard]] Reply get_tls(int port, std::string_view target);

/// A certificate for localhost and its key in `folder`: cert.pem, key.pem.
void make_certificate(const Folder& folder);

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
