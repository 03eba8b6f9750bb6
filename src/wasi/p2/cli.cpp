#include "wasi/context.hpp"
#include "wasi/guest_exit.hpp"
#include "wasi/p2/faces.hpp"
#include "wasi/p2/resources.hpp"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

class TerminalInput final : public component::HostResource {};
class TerminalOutput final : public component::HostResource {};

const Setup& setup(Caller& caller) { return caller.context<Context>().setup(); }

template <class T, class Make>
std::optional<std::unique_ptr<T>> terminal(const Standard<Make>& stream) {
  if (!stream.terminal) return std::nullopt;
  return std::make_unique<T>();
}

}  // namespace

void add_cli(component::HostLinker& linker) {
  linker.interface("wasi:cli/environment@0.2.12")
      .function("get-environment",
                [](Caller& caller) {
                  std::vector<std::tuple<std::string, std::string>> pairs;
                  for (const auto& [name, value] : setup(caller).environment) pairs.emplace_back(name, value);
                  return pairs;
                })
      .function("get-arguments", [](Caller& caller) { return setup(caller).arguments; })
      .function("initial-cwd", [](Caller& caller) { return setup(caller).initial_directory; });
  linker.interface("wasi:cli/exit@0.2.12")
      .function("exit", [](Caller&,
                           std::expected<void, component::Unit> status) { return exit_with(status ? 0 : 1); })
      .function("exit-with-code", [](Caller&, std::uint8_t status) { return exit_with(status); });
  linker.interface("wasi:cli/stdin@0.2.12")
      .resource<InputStream>("input-stream")
      .function("get-stdin",
                [](Caller& c) { return std::make_unique<InputStream>(c.context<Context>().input()); });
  linker.interface("wasi:cli/stdout@0.2.12")
      .resource<OutputStream>("output-stream")
      .function("get-stdout",
                [](Caller& c) { return std::make_unique<OutputStream>(c.context<Context>().output()); });
  linker.interface("wasi:cli/stderr@0.2.12")
      .resource<OutputStream>("output-stream")
      .function("get-stderr",
                [](Caller& c) { return std::make_unique<OutputStream>(c.context<Context>().errors()); });
  linker.interface("wasi:cli/terminal-input@0.2.12").resource<TerminalInput>("terminal-input");
  linker.interface("wasi:cli/terminal-output@0.2.12").resource<TerminalOutput>("terminal-output");
  linker.interface("wasi:cli/terminal-stdin@0.2.12")
      .resource<TerminalInput>("terminal-input")
      .function("get-terminal-stdin", [](Caller& c) { return terminal<TerminalInput>(setup(c).input); });
  linker.interface("wasi:cli/terminal-stdout@0.2.12")
      .resource<TerminalOutput>("terminal-output")
      .function("get-terminal-stdout", [](Caller& c) { return terminal<TerminalOutput>(setup(c).output); });
  linker.interface("wasi:cli/terminal-stderr@0.2.12")
      .resource<TerminalOutput>("terminal-output")
      .function("get-terminal-stderr", [](Caller& c) { return terminal<TerminalOutput>(setup(c).errors); });
}

}  // namespace wisp::wasi::p2
