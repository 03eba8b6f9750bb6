#include "cli/command.hpp"
#include "cli/inspection.hpp"
#include "cli/json.hpp"
#include "cli/loader.hpp"
#include "cli/world.hpp"

#include <CLI/CLI.hpp>

namespace wisp::cli {
namespace {

class InspectCommand final : public Command {
 public:
  std::string_view name() const override { return "inspect"; }
  std::string_view summary() const override {
    return "shows what a component imports, exports, contains and lacks";
  }
  std::string_view usage() const override { return "[options] FILE"; }

  void declare(CLI::App& app) override {
    app.add_option("FILE", file_, "the component")->required();
    app.add_flag("--wit", wit_only_, "print its world as WIT and nothing else (default: off)");
    loading_.declare_with_precompiled(app);
  }

  Result<int> execute(Console& console) override {
    const auto engine = TRY(engine::Engine::create({.pooling = false}));
    const auto loader = TRY(Loader::make(engine, loading_, console));
    const auto host = TRY(make_host({}));
    const auto inspection = inspect(file_, *TRY(loader.decode(file_)), *host);
    if (console.format == OutputFormat::json) {
      console.out.write(json_line(to_json(inspection)));
    } else {
      console.out.write(wit_only_ ? inspection.wit : render(inspection, console.out.colour()));
    }
    return 0;
  }

 private:
  std::string file_;
  bool wit_only_ = false;
  LoadOptions loading_;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command() { return std::make_unique<InspectCommand>(); }

}  // namespace wisp::cli
