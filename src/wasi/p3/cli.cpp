#include "wasi/command_functions.hpp"
#include "wasi/context.hpp"
#include "wasi/p3/faces.hpp"
#include "wasi/p3/stdio.hpp"

namespace wisp::wasi::p3 {

using component::Caller;

namespace {

class TerminalInput final : public component::HostResource {};
class TerminalOutput final : public component::HostResource {};

}  // namespace

void add_cli(component::HostLinker& linker) {
  add_environment_and_exit(linker, "@0.3.2", "get-initial-cwd");
  linker.interface("wasi:cli/types@0.3.2");
  linker.interface("wasi:cli/stdin@0.3.2").function("read-via-stream", [](Caller& caller) {
    auto& context = caller.context<Context>();
    return read_via_stream(context, context.input());
  });
  linker.interface("wasi:cli/stdout@0.3.2")
      .function("write-via-stream", [](Caller& caller, StdioStream data) {
        auto& context = caller.context<Context>();
        return write_via_stream(context, std::move(data), context.output());
      });
  linker.interface("wasi:cli/stderr@0.3.2")
      .function("write-via-stream", [](Caller& caller, StdioStream data) {
        auto& context = caller.context<Context>();
        return write_via_stream(context, std::move(data), context.errors());
      });
  add_terminals<TerminalInput, TerminalOutput>(linker, "@0.3.2");
}

}  // namespace wisp::wasi::p3
