#include "net/tls.hpp"

#include "net/tls_testing.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace wisp::net {
namespace testing {

TestCertificate::TestCertificate() {
  std::string pattern = std::filesystem::temp_directory_path() / "wisp-tls-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("wisp test"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  for (const auto& [id, value] : {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"},
                                  std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key, EVP_sha256());
  if (FILE* file = std::fopen(certificate_file().c_str(), "w"); file != nullptr) {
    PEM_write_X509(file, certificate);
    std::fclose(file);
  }
  if (FILE* file = std::fopen(key_file().c_str(), "w"); file != nullptr) {
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TestCertificate::~TestCertificate() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace testing

namespace {

TEST(Tls, ConfigurationErrorsNameTheFile) {
  const testing::TestCertificate good;
  const testing::TestCertificate other;
  const std::string text = good.folder() / "text.pem";
  std::ofstream(text) << "not a certificate";
  EXPECT_TRUE(TlsServerContext::load(good.certificate_file(), good.key_file()));
  struct Row {
    std::string certificate;
    std::string key;
    std::string named;
  };
  for (const Row& row : {Row{"/nonexistent.pem", good.key_file(), "/nonexistent.pem"},
                         Row{good.certificate_file(), "/nonexistent.pem", "/nonexistent.pem"},
                         Row{text, good.key_file(), text}, Row{good.certificate_file(), text, text},
                         Row{good.certificate_file(), other.key_file(), other.key_file()}}) {
    const auto context = TlsServerContext::load(row.certificate, row.key);
    ASSERT_FALSE(context) << row.named;
    EXPECT_EQ(context.error().code(), Errc::tls_config);
    EXPECT_TRUE(context.error().message().contains(row.named)) << context.error().message();
  }
  EXPECT_TRUE(TlsClientContext::make({.ca_file = good.certificate_file()}));
  EXPECT_FALSE(TlsClientContext::make({.ca_file = "/nonexistent.pem"}));
}

}  // namespace
}  // namespace wisp::net
