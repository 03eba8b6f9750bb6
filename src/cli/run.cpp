#include "cli/command.hpp"
#include "cli/failure.hpp"
#include "cli/grants.hpp"
#include "cli/guest_session.hpp"
#include "cli/help.hpp"
#include "cli/json.hpp"
#include "cli/loader.hpp"
#include "cli/progress.hpp"
#include "cli/target.hpp"
#include "cli/text.hpp"
#include "cli/world.hpp"
#include "component/abi/wave.hpp"
#include "component/instance/call_side.hpp"
#include "component/link/invoke.hpp"
#include "wasi/http/outgoing.hpp"
#include "wasi/http/routes.hpp"

#include <unistd.h>
#include <boost/json/object.hpp>

#include <array>
#include <filesystem>

namespace wisp::cli {
namespace {

/// What a command exports; the first one there is counts, since many export a stub of the other.
constexpr std::array<std::string_view, 2> kRun{"wasi:cli/run@0.3.0", "wasi:cli/run@0.2.0"};

const component::Lift* find_run(const component::Linked& linked) {
  for (const auto name : kRun) {
    if (const auto* lift = component::find_export(linked, name, "run")) return lift;
  }
  return nullptr;
}

class RunCommand final : public Command {
 public:
  std::string_view name() const override { return "run"; }
  std::string_view summary() const override {
    return "runs a command component, or calls one export of any component";
  }
  std::string_view usage() const override {
    return "[options] FILE [ARGUMENT]…\n\nWhat follows FILE is for the component.";
  }

  void declare(CLI::App& app) override {
    app_ = &app;
    app.prefix_command();
    app.add_option("--invoke", invoke_,
                   "call this export instead, arguments in WAVE: 'add(1, 2)', 'interface#func(\"text\", [1, "
                   "2])'; its "
                   "result is printed in WAVE (default: wasi:cli/run)")
        ->type_name("'FUNC(ARGS)'");
    grants_.declare(app);
    companions_.declare(app);
    limits_.declare(app);
    loading_.declare_with_precompiled(app);
    app.footer(
        "Exits with the component's own status; 134 after a trap, 2 for a wrong command line, 3 for a file "
        "that "
        "cannot be run, 130 after Ctrl-C.");
  }

  Result<int> execute(Console& console) override {
    TRY(take_words());
    TRY(check_arguments(arguments_));
    auto setup = TRY(make_setup(grants_));
    const auto limits = TRY(limits_.read());
    setup.arguments = std::move(arguments_);
    setup.input = {wasi::inherit_stdin(), ::isatty(STDIN_FILENO) == 1};
    setup.output = {wasi::inherit_stdout(), ::isatty(STDOUT_FILENO) == 1};
    setup.errors = {wasi::inherit_stderr(), ::isatty(STDERR_FILENO) == 1};

    const auto engine = TRY(engine::Engine::create({.pooling = false}));
    const auto world = TRY(load(engine, console));
    auto outgoing = TRY(make_outgoing(setup));
    component::Shard shard(engine);
    const auto shared_setup = std::make_shared<const wasi::Setup>(std::move(setup));
    std::shared_ptr<wasi::http::Outgoing> client;
    if (outgoing.policy) client = std::make_shared<wasi::http::Outgoing>(shard.loop(), std::move(outgoing));
    const auto make_context = [&](std::shared_ptr<wasi::http::Routes> routes) {
      auto context = std::make_shared<wasi::Context>(shared_setup, shard.loop());
      context->set_outgoing(client);
      context->set_routes(std::move(routes));
      return context;
    };
    std::shared_ptr<wasi::http::Routes> routes;
    if (!world.routes.empty())
      routes = std::make_shared<wasi::http::Routes>(
          shard, std::make_shared<const wasi::http::RouteTable>(world.routes),
          wasi::http::Routes::Options{
              .trees = limits,
              .make_context = [&](const std::shared_ptr<wasi::http::Routes>& next)
                  -> Result<std::shared_ptr<component::HostContext>> { return make_context(next); },
              .on_failure =
                  [&console](const net::http::RequestHead& head, const Error& error) {
                    if (error.code() != Errc::cancelled)
                      report(Error(error).in(fmt::format("{} {}", head.method, head.path_with_query)),
                             console);
                  }});
    auto context = make_context(routes);
    GuestSession session(shard, std::move(context));
    auto status =
        invoke_.empty() ? run_command(world, session, limits) : invoke(world, session, limits, console);
    if (status) return status;
    if (session.signal() != 0 && status.error().code() == Errc::cancelled)
      return kExitSignal + session.signal();
    if (status.error().code() == Errc::guest_exit) return status.error().exit_status();
    const bool typed = status.error().code() == Errc::wave_syntax;
    return std::unexpected(typed ? status.error() : about(file_, status.error()));
  }

 private:
  /// FILE and what follows it. What looks like an option here is one that nobody knows.
  Result<> take_words() {
    auto words = app_->remaining();
    if (!words.empty() && words.front().starts_with('-')) {
      std::vector<std::string> known;
      for (const auto* option : app_->get_options()) known.push_back(option->get_name());
      const std::string word = words.front().substr(0, words.front().find('='));
      Error error(Errc::usage, fmt::format("wisp run has no option {}", word));
      if (const auto meant = nearest(word, known); !meant.empty()) error.add("meant", meant + "?");
      error.add("try", "wisp run --help; options for the component follow FILE");
      return std::unexpected(std::move(error));
    }
    if (words.empty())
      return std::unexpected(Error(Errc::usage, "wisp run: which file?").with("try", "wisp run FILE.wasm"));
    file_ = std::move(words.front());
    // Where the file lies is not the guest's business.
    arguments_ = {std::filesystem::path(file_).filename().string()};
    arguments_.insert(arguments_.end(), std::next(words.begin()), words.end());
    return {};
  }

  Result<World> load(const std::shared_ptr<engine::Engine>& engine, const Console& console) const {
    const auto loader = TRY(Loader::make(engine, loading_, console));
    const Progress progress(console, "loading " + file_);
    return make_world(loader, file_, companions_, grants_.unstable,
                      [&console](const Error& error) { report(error, console); });
  }

  Result<int> run_command(const World& world, GuestSession& session,
                          const component::TreeLimits& limits) const {
    const auto* lift = find_run(*world.linked);
    if (lift == nullptr)
      return std::unexpected(
          Error(Errc::export_missing, "the component is no command: it does not export wasi:cli/run")
              .with("try", "serve it if it answers HTTP (wisp serve), or call a function with --invoke"));
    // The one result, a result without payloads, arrives flat: 0 is ok.
    const auto* type = lift->type->result;
    if (!lift->type->params.empty() || type == nullptr || type->kind != component::Kind::result ||
        type->flat_count != 1)
      return std::unexpected(
          Error(Errc::export_type, "the component exports wasi:cli/run with another type"));
    int status = 0;
    TRY(session.run(world.linked, limits, [&](component::Tree& tree, component::GuestRun& run) {
      return tree.call(
          run, *lift, [](component::CallSide&, component::FlatSpan) -> Result<> { return {}; },
          [&](component::CallSide&, component::FlatSpan values) -> Result<> {
            status = values[0].i32 == 0 ? 0 : 1;
            return {};
          });
    }));
    return status;
  }

  Result<int> invoke(const World& world, GuestSession& session, const component::TreeLimits& limits,
                     const Console& console) const {
    const auto unreadable = [](const Error& error) { return std::unexpected(Error(error).in("--invoke")); };
    const auto call = component::parse_wave_call(invoke_);
    if (!call) return unreadable(call.error());
    const auto target = find_target(*world.linked->plan, call->name);
    if (!target) return std::unexpected(about(file_, target.error()));
    const auto& type = *target->lift->type;
    const auto arguments = component::parse_wave_args(*call, type);
    if (!arguments) return unreadable(arguments.error());
    std::string text;
    TRY(session.run(world.linked, limits, [&](component::Tree& tree, component::GuestRun& run) -> Result<> {
      const auto result = TRY(component::invoke(tree, run, *target->lift, *arguments));
      if (result) text = component::print_wave(*result, type.result);
      return {};
    }));
    if (console.format == OutputFormat::json) {
      boost::json::value result = nullptr;
      if (type.result != nullptr) result = json_text(text);
      console.out.write(
          json_line(boost::json::object{{"function", json_text(spell(*target))}, {"result", result}}));
    } else if (type.result != nullptr) {
      console.out.write(text + "\n");
    }
    return 0;
  }

  const CLI::App* app_ = nullptr;
  std::string file_, invoke_;
  std::vector<std::string> arguments_;
  Grants grants_;
  Companions companions_;
  LimitOptions limits_{.memory = "1GiB"};
  LoadOptions loading_;
};

}  // namespace

std::unique_ptr<Command> make_run_command() { return std::make_unique<RunCommand>(); }

}  // namespace wisp::cli
