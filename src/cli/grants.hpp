#pragma once

#include "base/result.hpp"
#include "component/instance/tree.hpp"
#include "wasi/context.hpp"
#include "wasi/http/outgoing.hpp"
#include "wasi/p2/http.hpp"
#include "wasi/p2/p2.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace wisp::cli {

/// What the user lets a guest do, as typed. Nothing by default.
struct Grants {
  std::vector<std::string> directories;  ///< HOST::GUEST[:ro]
  std::vector<std::string> environment;  ///< K=V, or K for our own
  bool inherit_environment = false;
  std::vector<std::string> hosts;  ///< patterns of EgressPolicy
  bool listen = false;
  bool look_up = false;
  std::vector<std::string> unstable;  ///< items that WASI marks @unstable, by feature name

  void declare(CLI::App& app);
};

/// "data::/data:ro" taken apart; without "::" the guest sees the same path.
struct DirectoryGrant {
  std::string host, guest;
  wasi::TreeAccess access;
  friend bool operator==(const DirectoryGrant&, const DirectoryGrant&) = default;
};
[[nodiscard]] Result<DirectoryGrant> parse_directory(std::string_view text);

/// "K=V", or "K" whose value `own` finds (null: unset, then nothing is granted). Errc::usage.
using Variable = std::pair<std::string, std::string>;
[[nodiscard]] Result<std::optional<Variable>> parse_variable(std::string_view text,
                                                             const char* (*own)(const char*));

/// Opens what was granted. Errc::usage for what cannot be read or does not exist.
[[nodiscard]] Result<wasi::Setup> make_setup(const Grants& grants);

/// The arguments of a guest: WIT strings are Unicode. Errc::usage.
[[nodiscard]] Result<> check_arguments(std::span<const std::string> arguments);

/// What guests may send over HTTP with these grants: nothing without --allow-host. Reads the system's
/// certificates, which takes a moment, only when something is allowed. Errc::tls_config.
[[nodiscard]] Result<wasi::http::OutgoingOptions> make_outgoing(const wasi::Setup& setup);

/// Which @unstable items are on. Errc::usage.
struct UnstableItems {
  wasi::p2::Options items;
  wasi::p2::HttpOptions http;
};
[[nodiscard]] Result<UnstableItems> parse_unstable(std::span<const std::string> names);

/// Limits of one instance, as typed.
struct LimitOptions {
  std::string memory;  ///< a size
  std::uint64_t cpu_budget_ms = 0;
  std::uint32_t handles = component::TreeLimits{}.handles;
  std::uint64_t table_elements = component::TreeLimits{}.table_elements;

  /// `memory` and `cpu_budget_ms` are the command's defaults.
  void declare(CLI::App& app);
  [[nodiscard]] Result<component::TreeLimits> read() const;
};

}  // namespace wisp::cli
