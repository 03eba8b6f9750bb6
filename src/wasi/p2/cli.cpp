#include "wasi/command_functions.hpp"
#include "wasi/context.hpp"
#include "wasi/p2/faces.hpp"
#include "wasi/p2/resources.hpp"

#include <memory>

namespace wisp::wasi::p2 {

using component::Caller;

namespace {

class TerminalInput final : public component::HostResource {};
class TerminalOutput final : public component::HostResource {};

}  // namespace

void add_cli(component::HostLinker& linker) {
  add_environment_and_exit(linker, "@0.2.12", "initial-cwd");
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
  add_terminals<TerminalInput, TerminalOutput>(linker, "@0.2.12");
}

}  // namespace wisp::wasi::p2
