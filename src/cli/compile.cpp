#include "cli/command.hpp"
#include "cli/failure.hpp"
#include "cli/file.hpp"
#include "cli/json.hpp"
#include "cli/loader.hpp"
#include "cli/progress.hpp"
#include "cli/units.hpp"
#include "component/link/artifact.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>

#include <filesystem>

namespace wisp::cli {
namespace {

class CompileCommand final : public Command {
 public:
  std::string_view name() const override { return "compile"; }
  std::string_view summary() const override {
    return "compiles a component ahead of time, for this machine and release";
  }
  std::string_view usage() const override { return "[options] FILE"; }

  void declare(CLI::App& app) override {
    app.add_option("FILE", file_, "the component")->required();
    app.add_option("-o,--output", output_, "where the artifact goes (default: FILE with .cwasm)")
        ->type_name("ARTIFACT");
    loading_.declare(app);
    app.footer(
        "The artifact is native code: wisp run and wisp serve take it only with --allow-precompiled. "
        "Errors as "
        "JSON: wisp -o json compile …");
  }

  Result<int> execute(Console& console) override {
    const auto output =
        output_.empty() ? std::filesystem::path(file_).replace_extension(".cwasm").string() : output_;
    std::error_code ignored;
    if (output == file_ || std::filesystem::equivalent(output, file_, ignored))
      return std::unexpected(Error(Errc::usage, fmt::format("the artifact would replace {}", file_))
                                 .with("try", "name another file with -o"));
    const auto engine = TRY(engine::Engine::create({.pooling = false}));
    const auto bytes = TRY(compile(engine, console));
    TRY(write_file(output, bytes));
    if (console.format == OutputFormat::json) {
      console.out.write(json_line(boost::json::object{{"artifact", json_text(output)},
                                                      {"bytes", bytes.size()},
                                                      {"compatibility", engine->compatibility()}}));
    } else if (console.out.is_terminal()) {
      console.out.write(fmt::format("{} ({})\n", output, format_size(bytes.size())));
    }
    return 0;
  }

 private:
  Result<std::vector<std::byte>> compile(const std::shared_ptr<engine::Engine>& engine,
                                         const Console& console) const {
    const auto loader = TRY(Loader::make(engine, loading_, console));
    const Progress progress(console, "compiling " + file_);
    const auto component = TRY(loader.load(file_));
    auto bytes = component::write_artifact(*engine, *component);
    if (!bytes) return std::unexpected(about(file_, bytes.error()));
    return bytes;
  }

  std::string file_, output_;
  LoadOptions loading_;
};

}  // namespace

std::unique_ptr<Command> make_compile_command() { return std::make_unique<CompileCommand>(); }

}  // namespace wisp::cli
