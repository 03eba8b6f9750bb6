#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace wisp::net {
namespace {

/// The oldest entry of OpenSSL's error queue, which is emptied: later ones only say who passed it on.
std::string first_error() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
    return "it holds nothing of the kind in PEM format";
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

/// Instead of OpenSSL's own, which asks on the terminal.
int ask_nobody(char*, int, int, void* asked) {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return -1;
}

/// What OpenSSL does not say clearly.
Result<> check_file(std::string_view what, const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || ::access(path.c_str(), R_OK) != 0)
    return fail(Errc::tls_config, "the {} {} cannot be read: {}", what, path,
                std::generic_category().message(errno));
  if (S_ISDIR(found.st_mode)) return fail(Errc::tls_config, "the {} {} is a folder", what, path);
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsServerContext>> TlsServerContext::load(const std::string& certificate_file,
                                                                       const std::string& key_file) {
  ERR_clear_error();
  SSL_CTX* native = SSL_CTX_new(TLS_server_method());
  if (native == nullptr) return fail(Errc::tls_config, "OpenSSL: {}", first_error());
  std::shared_ptr<const TlsServerContext> context(new TlsServerContext(native));
  set_common_options(native);
  SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  bool encrypted = false;
  SSL_CTX_set_default_passwd_cb(native, ask_nobody);
  SSL_CTX_set_default_passwd_cb_userdata(native, &encrypted);
  TRY(check_file("certificate", certificate_file));
  TRY(check_file("private key", key_file));
  if (SSL_CTX_use_certificate_chain_file(native, certificate_file.c_str()) != 1) {
    return fail(Errc::tls_config, "the certificate {} cannot be used: {}", certificate_file, first_error());
  }
  if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    if (encrypted)
      return fail(Errc::tls_config,
                  "the private key {} is encrypted, and nobody can be asked for its password", key_file);
    const auto code = ERR_peek_error();
    const bool mismatch =
        ERR_GET_LIB(code) == ERR_LIB_X509 && (ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH ||
                                              ERR_GET_REASON(code) == X509_R_KEY_TYPE_MISMATCH);
    if (mismatch) {
      ERR_clear_error();
      return fail(Errc::tls_config, "the private key {} does not belong to the certificate {}", key_file,
                  certificate_file);
    }
    return fail(Errc::tls_config, "the private key {} cannot be used: {}", key_file, first_error());
  }
  SSL_CTX_set_default_passwd_cb_userdata(native, nullptr);
  return context;
}

TlsServerContext::~TlsServerContext() { SSL_CTX_free(native_); }

Result<std::shared_ptr<const TlsClientContext>> TlsClientContext::make(const TlsClientOptions& options) {
  ERR_clear_error();
  SSL_CTX* native = SSL_CTX_new(TLS_client_method());
  if (native == nullptr) return fail(Errc::tls_config, "OpenSSL: {}", first_error());
  std::shared_ptr<const TlsClientContext> context(new TlsClientContext(native));
  set_common_options(native);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_set_default_verify_paths(native) != 1) {
    return fail(Errc::tls_config, "the system's certificates cannot be used: {}", first_error());
  }
  if (!options.ca_file.empty() &&
      SSL_CTX_load_verify_locations(native, options.ca_file.c_str(), nullptr) != 1) {
    return fail(Errc::tls_config, "the certificates in {} cannot be used: {}", options.ca_file,
                first_error());
  }
  return context;
}

TlsClientContext::~TlsClientContext() { SSL_CTX_free(native_); }

}  // namespace wisp::net
