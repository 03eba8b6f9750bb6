#include "http.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <functional>
#include <regex>

namespace wisp::e2e {
namespace {

constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};

std::string request(std::string_view target, std::string_view fields) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
         std::string(fields) + "\r\n";
}

/// What chunks hold together, up to the last one or where they break off.
std::string joined(std::string_view chunks) {
  std::string body;
  for (;;) {
    const auto line = chunks.find("\r\n");
    std::size_t size = 0;
    if (line == std::string_view::npos ||
        std::from_chars(chunks.data(), chunks.data() + line, size, 16).ec != std::errc() || size == 0)
      return body;
    chunks.remove_prefix(line + 2);
    body += chunks.substr(0, size);
    chunks.remove_prefix(std::min(chunks.size(), size + 2));
  }
}

Reply parse(const std::string& text) {
  Reply reply;
  const auto end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || end == std::string::npos) return reply;
  std::from_chars(text.data() + 9, text.data() + 12, reply.status);
  reply.head = text.substr(0, end + 2);
  reply.sent = text.substr(end + 4);
  const bool chunked =
      std::regex_search(reply.head, std::regex("\r\ntransfer-encoding: chunked\r\n", std::regex::icase));
  reply.body = chunked ? joined(reply.sent) : reply.sent;
  return reply;
}

}  // namespace

Connection::Connection(int port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    ::close(std::exchange(descriptor_, -1));
}

Connection::Connection(Accepted accepted) : descriptor_(accepted.descriptor) {
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
}

Connection::~Connection() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Connection::send(std::string_view text) const {
  while (!text.empty()) {
    const auto sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Connection::receive_until(std::string_view end) const {
  std::string all;
  char buffer[65'536];
  while (all.find(end) == std::string::npos) {
    const auto got = ::recv(descriptor_, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    all.append(buffer, static_cast<std::size_t>(got));
  }
  return all;
}

std::string Connection::receive_all() const { return receive_until(std::string_view("\0\0never\0\0", 9)); }

Listener::Listener() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(descriptor_, 16), 0);
}

Listener::~Listener() { ::close(descriptor_); }

int Listener::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Connection Listener::accept() const {
  return Connection(Connection::Accepted{::accept(descriptor_, nullptr, nullptr)});
}

Reply get(int port, std::string_view target, std::string_view fields) {
  const Connection connection(port);
  if (!connection.open()) return {};
  connection.send(request(target, fields));
  return parse(connection.receive_all());
}

std::string post_chunked(int port, std::string_view target, std::string_view body,
                         std::string_view trailers) {
  const Connection connection(port);
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", body.size());
  std::string text = "POST " + std::string(target) +
                     " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  if (!body.empty()) text += size + std::string(body) + "\r\n";
  connection.send(text + "0\r\n" + std::string(trailers) + "\r\n");
  return connection.receive_all();
}

TlsConnection::TlsConnection(int port, std::string_view offered)
    : plain_(port),
      context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
      tls_(SSL_new(context_.get()), SSL_free) {
  std::signal(SIGPIPE, SIG_IGN);
  if (!plain_.open()) return;
  if (!offered.empty()) {
    const std::string list = static_cast<char>(offered.size()) + std::string(offered);
    SSL_set_alpn_protos(tls_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  }
  SSL_set_fd(tls_.get(), plain_.descriptor());
  open_ = SSL_connect(tls_.get()) == 1;
}

TlsConnection::~TlsConnection() = default;

std::string TlsConnection::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

void TlsConnection::send(std::string_view text) {
  if (open_ && SSL_write(tls_.get(), text.data(), static_cast<int>(text.size())) <= 0) open_ = false;
}

std::string TlsConnection::receive(std::size_t size) {
  std::string all;
  char buffer[65'536];
  while (open_ && all.size() < size) {
    const auto got =
        SSL_read(tls_.get(), buffer, static_cast<int>(std::min(size - all.size(), sizeof buffer)));
    if (got <= 0) break;
    all.append(buffer, static_cast<std::size_t>(got));
  }
  return all;
}

Reply get_tls(int port, std::string_view target) {
  TlsConnection connection(port, {});
  connection.send(request(target, {}));
  return parse(connection.receive_all());
}

void make_certificate(const Folder& folder, const char* password) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  if (FILE* file = std::fopen(folder.path("cert.pem").c_str(), "w"); file != nullptr) {
    PEM_write_X509(file, certificate);
    std::fclose(file);
  }
  if (FILE* file = std::fopen(folder.path("key.pem").c_str(), "w"); file != nullptr) {
    PEM_write_PrivateKey(file, key, password != nullptr ? EVP_aes_128_cbc() : nullptr, nullptr, 0, nullptr,
                         const_cast<char*>(password));
    std::fclose(file);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
}

namespace {
std::vector<std::string> serve_arguments(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"serve", "--addr", "127.0.0.1:0", "--shards", "2"});
  return arguments;
}
}  // namespace

Server::Server(std::vector<std::string> arguments, const Setting& setting)
    : process_(serve_arguments(std::move(arguments)), setting), first_line_(process_.error_line()) {
  const std::regex address(":([0-9]+)");
  if (std::smatch match; std::regex_search(first_line_, match, address)) port_ = std::stoi(match[1]);
}

Outcome Server::stop() {
  process_.signal(SIGTERM);
  return process_.wait();
}

}  // namespace wisp::e2e
