#include "cli/address.hpp"

#include <boost/asio/ip/address.hpp>

#include <charconv>

namespace wisp::cli {

Result<ListenAddress> parse_address(std::string_view text) {
  const auto wrong = [&] {
    return std::unexpected(Error(Errc::usage, fmt::format("--addr {} is no address to listen on", text))
                               .with("try", "--addr 127.0.0.1:8000, --addr 0.0.0.0:80, --addr [::1]:0"));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);

  std::uint16_t port = 0;
  const auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc() || stop != digits.data() + digits.size()) return wrong();

  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error || address.is_v6() != bracketed) return wrong();
  return ListenAddress{.host = std::string(host), .port = port};
}

std::string url_host(std::string_view host) {
  return host.find(':') == std::string_view::npos ? std::string(host) : fmt::format("[{}]", host);
}

}  // namespace wisp::cli
