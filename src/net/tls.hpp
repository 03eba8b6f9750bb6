#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace wisp::net {

/// Certificate, key and settings of a TLS server: TLS 1.2 and later, ALPN h2 then http/1.1, no renegotiation.
/// Immutable; shared by all shards.
class TlsServerContext {
 public:
  /// Reads PEM files: the certificate chain, leaf first, and its private key. Fails with Errc::tls_config and
  /// says which file and why.
  [[nodiscard]] static Result<std::shared_ptr<const TlsServerContext>> load(
      const std::string& certificate_file, const std::string& key_file);
  ~TlsServerContext();
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

  [[nodiscard]] ssl_ctx_st* native() const noexcept { return native_; }

 private:
  explicit TlsServerContext(ssl_ctx_st* native) noexcept : native_(native) {}
  ssl_ctx_st* native_;
};

struct TlsClientOptions {
  std::string ca_file;  ///< PEM with further trusted certificates, beside the system's; may be empty
};

/// Trust and settings of TLS clients: TLS 1.2 and later, verification of chain and name always on. Immutable;
/// shared by all shards.
class TlsClientContext {
 public:
  /// Fails with Errc::tls_config.
  [[nodiscard]] static Result<std::shared_ptr<const TlsClientContext>> make(
      const TlsClientOptions& options = {});
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  [[nodiscard]] ssl_ctx_st* native() const noexcept { return native_; }

 private:
  explicit TlsClientContext(ssl_ctx_st* native) noexcept : native_(native) {}
  ssl_ctx_st* native_;
};

}  // namespace wisp::net
