#include "cli/grants.hpp"

#include "cli/help.hpp"
#include "cli/units.hpp"
#include "component/binary/utf8.hpp"

#include <unistd.h>

#include <cstdlib>

extern char** environ;

namespace wisp::cli {
namespace {

constexpr auto* kGroup = "What the component may do (nothing by default)";

constexpr std::string_view kUnstable =
    "clocks-timezone, network-error-code, informational-outbound-responses";

Unexpected usage(std::string message, std::string advice) {
  return std::unexpected(Error(Errc::usage, std::move(message)).with("try", std::move(advice)));
}

Result<std::vector<Variable>> read_environment(const Grants& grants) {
  std::vector<Variable> variables;
  const auto set = [&](Variable variable) {
    std::erase_if(variables, [&](const Variable& other) { return other.first == variable.first; });
    variables.push_back(std::move(variable));
  };
  if (grants.inherit_environment) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view text(*entry);
      const auto equals = text.find('=');
      // What is no Unicode cannot be told to a component.
      if (equals == 0 || equals == std::string_view::npos || !component::valid_utf8(text)) continue;
      set({std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))});
    }
  }
  for (const auto& text : grants.environment) {
    const auto own = [](const char* name) -> const char* { return std::getenv(name); };
    if (auto variable = TRY(parse_variable(text, own))) set(*std::move(variable));
  }
  return variables;
}

Result<std::vector<wasi::Preopen>> open_directories(const Grants& grants) {
  std::vector<wasi::Preopen> preopens;
  if (grants.directories.empty()) return preopens;
  const auto system = std::make_shared<const wasi::FileSystem>(wasi::FileSystem::make());
  for (const auto& text : grants.directories) {
    const auto grant = TRY(parse_directory(text));
    auto directory = wasi::Descriptor::preopen(system, grant.host, grant.access);
    if (!directory)
      return usage(fmt::format("--dir {}: {}", text, directory.error().message()),
                   "name a directory that exists");
    preopens.push_back({.directory = *std::move(directory), .guest_path = grant.guest});
  }
  return preopens;
}

}  // namespace

void Grants::declare(CLI::App& app) {
  add_repeatable(
      app, "--dir", directories,
      "let it use the directory HOST under the name GUEST (the same name without ::GUEST); :ro to read only. "
      "Repeatable (default: none)")
      ->type_name("HOST::GUEST[:ro]")
      ->group(kGroup);
  add_repeatable(
      app, "--env", environment,
      "set an environment variable; K alone passes on the one of this shell. Repeatable (default: none)")
      ->type_name("K=V")
      ->group(kGroup);
  app.add_flag("--inherit-env", inherit_environment, "pass all environment variables on (default: off)")
      ->group(kGroup);
  add_repeatable(
      app, "--allow-host", hosts,
      "let it connect there, over HTTP and sockets: example.com, *.example.com, 10.1.0.0/16, [::1], each "
      "with "
      ":PORT or for all ports. Loopback and private addresses only if named (localhost). Repeatable "
      "(default: none)")
      ->type_name("PATTERN")
      ->group(kGroup);
  app.add_flag("--allow-listen", listen, "let it bind ports and accept connections (default: off)")
      ->group(kGroup);
  app.add_flag("--allow-dns", look_up,
               "let it look up any name, not only those it may connect to (default: off)")
      ->group(kGroup);
  add_repeatable(
      app, "--wasi", unstable,
      fmt::format("provide items that WASI marks unstable: {}. Repeatable (default: none)", kUnstable))
      ->type_name("FEATURE")
      ->group(kGroup);
}

Result<DirectoryGrant> parse_directory(std::string_view text) {
  auto rest = text;
  auto access = wasi::TreeAccess::read_write;
  if (rest.ends_with(":ro") || rest.ends_with(":rw")) {
    if (rest.ends_with(":ro")) access = wasi::TreeAccess::read_only;
    rest.remove_suffix(3);
  }
  const auto colons = rest.find("::");
  const auto host = rest.substr(0, colons);
  const auto guest = colons == std::string_view::npos ? rest : rest.substr(colons + 2);
  if (host.empty() || guest.empty() || guest.find("::") != std::string_view::npos)
    return usage(fmt::format("--dir {} cannot be read", text),
                 "--dir ./data::/data, or --dir ./data::/data:ro");
  if (!component::valid_utf8(guest))
    return usage(fmt::format("--dir {}: the guest's path is not Unicode", text), "--dir HOST::/data");
  return DirectoryGrant{.host = std::string(host), .guest = std::string(guest), .access = access};
}

Result<std::optional<Variable>> parse_variable(std::string_view text, const char* (*own)(const char*)) {
  const auto equals = text.find('=');
  if (equals == 0 || text.empty())
    return usage(fmt::format("--env {} has no name", text), "--env NAME=VALUE");
  Variable variable(text.substr(0, equals), std::string());
  if (equals != std::string_view::npos) {
    variable.second = text.substr(equals + 1);
  } else {
    const char* value = own(variable.first.c_str());
    if (value == nullptr) return std::optional<Variable>();
    variable.second = value;
  }
  if (!component::valid_utf8(variable.first) || !component::valid_utf8(variable.second))
    return usage(fmt::format("--env {} is not Unicode, which components only know", variable.first),
                 "give the variable another value, or leave it out");
  return std::optional(std::move(variable));
}

Result<wasi::Setup> make_setup(const Grants& grants) {
  wasi::Setup setup;
  setup.environment = TRY(read_environment(grants));
  setup.preopens = TRY(open_directories(grants));
  auto rules = std::make_shared<wasi::NetworkRules>();
  rules->egress = TRY(wasi::EgressPolicy::parse(grants.hosts));
  rules->listen = grants.listen;
  rules->look_up = grants.look_up;
  if (!grants.hosts.empty() || grants.look_up) setup.resolver = std::make_shared<net::DnsPool>();
  setup.network = std::move(rules);
  return setup;
}

Result<> check_arguments(std::span<const std::string> arguments) {
  for (const auto& argument : arguments) {
    if (!component::valid_utf8(argument))
      return usage(fmt::format("the argument \"{}\" is not Unicode, which components only know", argument),
                   "write it in UTF-8");
  }
  return {};
}

Result<wasi::http::OutgoingOptions> make_outgoing(const wasi::Setup& setup) {
  wasi::http::OutgoingOptions options;
  if (setup.network->egress.empty()) return options;
  options.policy = std::shared_ptr<const wasi::EgressPolicy>(setup.network, &setup.network->egress);
  options.dns = setup.resolver;
  options.tls = TRY(net::TlsClientContext::make());
  return options;
}

Result<UnstableItems> parse_unstable(std::span<const std::string> names) {
  UnstableItems on;
  for (const auto& name : names) {
    if (name == "clocks-timezone") {
      on.items.timezone = true;
    } else if (name == "network-error-code") {
      on.items.network_error_code = true;
    } else if (name == "informational-outbound-responses") {
      on.http.informational = true;
    } else {
      return std::unexpected(Error(Errc::usage, fmt::format("--wasi {}: there is no such feature", name))
                                 .with("known", std::string(kUnstable)));
    }
  }
  return on;
}

void LimitOptions::declare(CLI::App& app) {
  constexpr auto* group = "Limits of each instance";
  app.add_option("--max-memory", memory,
                 "linear memory and garbage-collected objects together, such as 64MiB")
      ->type_name("SIZE")
      ->default_str(memory)
      ->group(group);
  add_milliseconds(app, "--cpu-budget", cpu_budget_ms, 0,
                   "running time of one call, then it traps; waiting does not count. 0: unlimited")
      ->group(group);
  add_number(app, "--max-handles", handles, 1U,
             "live handles (files, streams, requests …) of a component instance")
      ->type_name("N")
      ->group(group);
  add_number(app, "--max-table-elements", table_elements, std::uint64_t{0},
             "elements of all core tables together")
      ->type_name("N")
      ->group(group);
}

Result<component::TreeLimits> LimitOptions::read() const {
  component::TreeLimits limits;
  auto bytes = parse_size(memory);
  if (!bytes) return std::unexpected(std::move(bytes).error().in("--max-memory"));
  limits.memory_bytes = *bytes;
  limits.cpu_budget = std::chrono::milliseconds(cpu_budget_ms);
  limits.handles = handles;
  limits.table_elements = table_elements;
  return limits;
}

}  // namespace wisp::cli
