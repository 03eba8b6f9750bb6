#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace wisp::cli {

/// Where a server listens.
struct ListenAddress {
  std::string host;  ///< numeric, IPv6 without brackets
  std::uint16_t port;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// "127.0.0.1:8000", "[::1]:0", "localhost:80" (127.0.0.1). Errc::usage.
[[nodiscard]] Result<ListenAddress> parse_address(std::string_view text);

/// As it stands in a URL: IPv6 in brackets.
[[nodiscard]] std::string url_host(std::string_view host);

}  // namespace wisp::cli
