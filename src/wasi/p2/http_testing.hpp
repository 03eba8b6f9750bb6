#pragma once

#include "component/link/testing.hpp"
#include "net/http/loopback_testing.hpp"
#include "wasi/context.hpp"
#include "wasi/http/service.hpp"
#include "wasi/p2/http.hpp"
#include "wasi/p2/p2.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

/// For tests of wasi:http: guests of build/guests behind a real server on a port of its own.
namespace wisp::wasi::p2::http_testing {

using component::testing::must;
using net::http::testing::eventually;
using net::http::testing::RawClient;

/// A response as raw bytes came, taken apart.
struct Reply {
  int status = 0;
  std::string head;  ///< with the status line, up to the empty line
  std::string body;  ///< chunks put together
  std::string trailers;
  bool whole = false;  ///< false: it broke off
};

/// Reads one response that must be whole. `method`: of the request ("HEAD" has no body).
Reply read_reply(RawClient& client, std::string_view method = "GET");

/// Takes apart everything that came on a connection; the response may have broken off.
Reply parse_reply(std::string_view text, std::string_view method = "GET");

/// One engine, the guests compiled once for all tests of a binary.
class ServedGuests {
 public:
  ServedGuests();
  [[nodiscard]] std::shared_ptr<const http::HandlerFace> face(const std::string& name);
  [[nodiscard]] const std::shared_ptr<engine::Engine>& engine() const noexcept { return engine_; }

 private:
  std::shared_ptr<engine::Engine> engine_;
  component::HostLinker linker_;
  std::map<std::string, std::shared_ptr<const http::HandlerFace>> faces_;
};

/// A served guest. What its requests failed with is kept.
class Served {
 public:
  explicit Served(const std::string& guest, http::ServeOptions options = {},
                  std::vector<std::string> allowed_hosts = {});
  ~Served();

  [[nodiscard]] std::uint16_t port() const { return service_->port(); }
  [[nodiscard]] http::HttpService& service() { return *service_; }

  /// One request on a connection of its own.
  Reply get(std::string_view target, std::string_view more_fields = {});
  Reply request(std::string_view method, std::string_view target, std::string_view body,
                std::string_view more_fields = {});

  [[nodiscard]] std::vector<Errc> failures();
  /// Whether all trees end, or turn idle, soon.
  [[nodiscard]] bool comes_to_rest();

 private:
  std::mutex mutex_;
  std::vector<Errc> failures_;  // under mutex_
  std::unique_ptr<http::HttpService> service_;
};

/// Shared by all tests of a process that asks for it first; true if `name` is there, else says SKIP and why.
[[nodiscard]] ServedGuests& served_guests();
[[nodiscard]] bool have_guest(const std::string& name);

}  // namespace wisp::wasi::p2::http_testing

/// Skips the test, loudly, when the guest has not been built.
#define WISP_NEEDS_GUEST(name)                                                                    \
  if (!::wisp::wasi::p2::http_testing::have_guest(name)) {                                        \
    std::fprintf(stderr, "SKIP: build/guests/%s.wasm is missing: run tools/build-guest\n", name); \
    GTEST_SKIP() << "SKIP: build/guests/" << (name) << ".wasm is missing: run tools/build-guest"; \
  }                                                                                               \
  static_assert(true)
