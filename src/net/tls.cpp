#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>

namespace wisp::net {
namespace {

/// The newest entry of OpenSSL's error queue, which is emptied.
std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/// Picks h2 before http/1.1 from what the client offers, whatever its order.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::shared_ptr<const TlsServerContext>> TlsServerContext::load(const std::string& certificate_file,
                                                                       const std::string& key_file) {
  ERR_clear_error();
  SSL_CTX* native = SSL_CTX_new(TLS_server_method());
  if (native == nullptr) return fail(Errc::tls_config, "OpenSSL: {}", last_error());
  std::shared_ptr<const TlsServerContext> context(new TlsServerContext(native));
  set_common_options(native);
  SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(native, certificate_file.c_str()) != 1) {
    return fail(Errc::tls_config, "the certificate {} cannot be used: {}", certificate_file, last_error());
  }
  if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(Errc::tls_config, "the private key {} cannot be used: {}", key_file, last_error());
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    return fail(Errc::tls_config, "the private key {} does not belong to the certificate {}", key_file,
                certificate_file);
  }
  return context;
}

TlsServerContext::~TlsServerContext() { SSL_CTX_free(native_); }

Result<std::shared_ptr<const TlsClientContext>> TlsClientContext::make(const TlsClientOptions& options) {
  ERR_clear_error();
  SSL_CTX* native = SSL_CTX_new(TLS_client_method());
  if (native == nullptr) return fail(Errc::tls_config, "OpenSSL: {}", last_error());
  std::shared_ptr<const TlsClientContext> context(new TlsClientContext(native));
  set_common_options(native);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_set_default_verify_paths(native) != 1) {
    return fail(Errc::tls_config, "the system's certificates cannot be used: {}", last_error());
  }
  if (!options.ca_file.empty() &&
      SSL_CTX_load_verify_locations(native, options.ca_file.c_str(), nullptr) != 1) {
    return fail(Errc::tls_config, "the certificates in {} cannot be used: {}", options.ca_file, last_error());
  }
  return context;
}

TlsClientContext::~TlsClientContext() { SSL_CTX_free(native_); }

}  // namespace wisp::net
