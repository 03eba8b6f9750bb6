#include "cli/program.hpp"

#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "cli/json.hpp"
#include "cli/text.hpp"

#include <wasmtime.h>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace wisp::cli {
namespace {

void declare_format(CLI::App& app, std::string& format) {
  app.add_option("-o,--output", format, "how results and errors are written: text or json")
      ->type_name("FORMAT")
      ->default_str("text")
      ->check(CLI::IsMember({"text", "json"}).description(""));
}

/// Whether a usage error shall be JSON, although the line could not be read.
OutputFormat wanted_format(std::span<const char* const> arguments) {
  std::string_view before;
  for (const std::string_view argument : arguments) {
    if (argument == "--output=json" || argument == "-ojson") return OutputFormat::json;
    if (argument == "json" && (before == "-o" || before == "--output")) return OutputFormat::json;
    before = argument;
  }
  return OutputFormat::text;
}

}  // namespace

Program::Program(Console console)
    : console_(console), app_(std::make_unique<CLI::App>("Runs WebAssembly components.", "wisp")) {
  app_->formatter(std::make_shared<HelpFormatter>("wisp [options] COMMAND …"));
  app_->require_subcommand(0, 1);
  app_->set_help_flag("-h,--help", "prints this; after a command, that command's options");
  app_->add_flag("-V,--version")->description("prints the version");
  declare_format(*app_, format_);
  app_->footer("wisp COMMAND --help lists the options of a command, wisp explain CODE explains an error.");
}

Program::~Program() = default;

void Program::add(std::unique_ptr<Command> command) {
  auto* const app = app_->add_subcommand(std::string(command->name()), std::string(command->summary()));
  app->group("Commands");
  app->formatter(
      std::make_shared<HelpFormatter>(fmt::format("wisp {} {}", command->name(), command->usage())));
  app->set_help_flag("-h,--help", "prints this");
  command->declare(*app);
  if (app->get_option_no_throw("-o") == nullptr) declare_format(*app, format_);
  // What is given twice counts the last time, so that scripts can put a user's options behind their own.
  for (auto* option : app->get_options([](const CLI::Option* each) {
         return each->get_items_expected_max() == 1 && each->nonpositional();
       }))
    option->take_last();
  entries_.push_back({.command = std::move(command), .app = app});
}

int Program::run(std::span<const char* const> arguments) {
  const auto failed = [&](const Error& error) {
    report(error, console_);
    return exit_status(error);
  };
  // Exceptions are for start-up failures (no memory, no threads) and bugs; this is where they end.
  try {
    const auto status = execute(arguments);
    if (!status) return failed(status.error());
    if (const int trouble = console_.out.trouble(); trouble != 0 && *status == 0)
      return failed(Error(Errc::system, fmt::format("the output cannot be written: {}",
                                                    std::generic_category().message(trouble))));
    return *status;
  } catch (const std::system_error& error) {
    return failed(Error(Errc::system, error.what()));
  } catch (const std::exception& error) {
    return failed(Error(Errc::internal, error.what()));
  }
}

const CLI::App* Program::chosen() const {
  const auto entry = std::ranges::find_if(entries_, [](const Entry& e) { return e.app->parsed(); });
  return entry == entries_.end() ? nullptr : entry->app;
}

Result<int> Program::execute(std::span<const char* const> arguments) {
  std::vector<std::string> backwards(arguments.rbegin(), arguments.rend());
  try {
    app_->parse(backwards);
  } catch (const CLI::CallForHelp&) {
    const auto* command = chosen();
    console_.out.write((command == nullptr ? app_.get() : command)->help());
    return 0;
  } catch (const CLI::ParseError& error) {
    console_.format = wanted_format(arguments);
    return std::unexpected(usage_error(error));
  }
  console_.format = format_ == "json" ? OutputFormat::json : OutputFormat::text;
  if (app_->count("--version") != 0) return print_version();
  for (const auto& entry : entries_) {
    if (entry.app->parsed()) return entry.command->execute(console_);
  }
  console_.err.write(app_->help());
  return kExitUsage;
}

Result<int> Program::print_version() const {
  if (console_.format == OutputFormat::json) {
    console_.out.write(
        json_line(boost::json::object{{"version", WISP_VERSION}, {"engine", "wasmtime " WASMTIME_VERSION}}));
  } else {
    console_.out.write("wisp " WISP_VERSION " (wasmtime " WASMTIME_VERSION ")\n");
  }
  return 0;
}

Error Program::usage_error(const CLI::ParseError& error) const {
  const auto* command = chosen();
  const auto& app = command == nullptr ? *app_ : *command;
  const std::string help =
      command == nullptr ? "wisp --help" : fmt::format("wisp {} --help", command->get_name());
  const auto unknown = app.remaining();
  if (unknown.empty() || dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr)
    return Error(Errc::usage, error.what()).with("try", help);

  std::vector<std::string> known;
  const std::string& word = unknown.front();
  const std::string_view name = std::string_view(word).substr(0, word.find('='));
  std::string what = "takes no further argument";
  if (word.starts_with('-')) {
    what = "has no option";
    for (const auto* option : app.get_options()) {
      if (!option->get_lnames().empty()) known.push_back("--" + option->get_lnames().front());
    }
  } else if (command == nullptr) {
    what = "has no command";
    for (const auto& entry : entries_) known.push_back(entry.app->get_name());
  }
  Error said(Errc::usage, fmt::format("wisp{}{} {} {}", command == nullptr ? "" : " ",
                                      command == nullptr ? "" : command->get_name(), what, name));
  if (const auto meant = nearest(name, known); !meant.empty()) said.add("meant", meant + "?");
  said.add("try", help);
  return said;
}

}  // namespace wisp::cli
