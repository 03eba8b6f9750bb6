#pragma once

#include "component/link/host.hpp"
#include "wasi/context.hpp"
#include "wasi/guest_exit.hpp"

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

/// What wasi:cli has in both versions alike: environment, exit, terminals.
namespace wisp::wasi {

/// `version`: with its `@`; `initial_cwd`: the one name that differs.
inline void add_environment_and_exit(component::HostLinker& linker, const std::string& version,
                                     const char* initial_cwd) {
  using component::Caller;
  const auto setup = [](Caller& caller) -> const Setup& { return caller.context<Context>().setup(); };
  linker.interface("wasi:cli/environment" + version)
      .function("get-environment",
                [setup](Caller& caller) {
                  std::vector<std::tuple<std::string, std::string>> pairs;
                  for (const auto& [name, value] : setup(caller).environment) pairs.emplace_back(name, value);
                  return pairs;
                })
      .function("get-arguments", [setup](Caller& caller) { return setup(caller).arguments; })
      .function(initial_cwd, [setup](Caller& caller) { return setup(caller).initial_directory; });
  linker.interface("wasi:cli/exit" + version)
      .function("exit", [](Caller&,
                           std::expected<void, component::Unit> status) { return exit_with(status ? 0 : 1); })
      .function("exit-with-code", [](Caller&, std::uint8_t status) { return exit_with(status); });
}

/// `Input` and `Output`: the version's resources, of one object each.
template <class Input, class Output>
void add_terminals(component::HostLinker& linker, const std::string& version) {
  const auto add = [&]<class T, class Make>(const std::string& name, Standard<Make> Setup::* stream) {
    linker.interface("wasi:cli/terminal-" + name + version)
        .template resource<T>(std::is_same_v<T, Input> ? "terminal-input" : "terminal-output")
        .function("get-terminal-" + name,
                  [stream](component::Caller& caller) -> std::optional<std::unique_ptr<T>> {
                    if (!(caller.context<Context>().setup().*stream).terminal) return std::nullopt;
                    return std::make_unique<T>();
                  });
  };
  linker.interface("wasi:cli/terminal-input" + version).template resource<Input>("terminal-input");
  linker.interface("wasi:cli/terminal-output" + version).template resource<Output>("terminal-output");
  add.template operator()<Input>("stdin", &Setup::input);
  add.template operator()<Output>("stdout", &Setup::output);
  add.template operator()<Output>("stderr", &Setup::errors);
}

}  // namespace wisp::wasi
