#include "cli/completion.hpp"

#include "cli/command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace wisp::cli {
namespace {

using Options = std::vector<const CLI::Option*>;

std::vector<const CLI::App*> commands_of(const CLI::App& app) { return app.get_subcommands({}); }

Options options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() != 0; }

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

/// Inside single quotes of a POSIX shell; one line.
std::string quoted(std::string text) {
  return "'" + replaced(replaced(std::move(text), "\n", " "), "'", "'\\''") + "'";
}

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

std::string words(const CLI::App& app) {
  std::vector<std::string> all;
  for (const auto* option : options_of(app)) {
    for (auto& name : spellings(*option)) all.push_back(std::move(name));
  }
  return fmt::format("{}", fmt::join(all, " "));
}

std::string names(const CLI::App& app, std::string_view separator) {
  std::vector<std::string> all;
  for (const auto* command : commands_of(app)) all.push_back(command->get_name());
  return fmt::format("{}", fmt::join(all, separator));
}

class CompletionCommand final : public Command {
 public:
  explicit CompletionCommand(const CLI::App& program) : program_(program) {}

  std::string_view name() const override { return "completion"; }
  std::string_view summary() const override { return "prints a completion script for bash, zsh or fish"; }
  std::string_view usage() const override { return "[options] SHELL"; }

  void declare(CLI::App& app) override {
    app.add_option("SHELL", shell_, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    app.footer(
        "  bash   wisp completion bash > ~/.local/share/bash-completion/completions/wisp"
        "\n  zsh    wisp completion zsh > ~/.zfunc/_wisp          (a folder of $fpath)"
        "\n  fish   wisp completion fish > ~/.config/fish/completions/wisp.fish");
  }

  Result<int> execute(Console& console) override {
    console.out.write(shell_ == "bash"  ? bash_completion(program_)
                      : shell_ == "zsh" ? zsh_completion(program_)
                                        : fish_completion(program_));
    return 0;
  }

 private:
  const CLI::App& program_;
  std::string shell_;
};

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string cases;
  for (const auto* command : commands_of(app))
    cases += fmt::format("    {}) words='{}' ;;\n", command->get_name(), words(*command));
  return fmt::format(R"(# bash completion for wisp
_wisp() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in {0}) command=${{COMP_WORDS[i]}}; break ;; esac
  done
  case $command in
    '') words='{1} {2}' ;;
{3}  esac
  if [[ -z $command || $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  elif [[ $command == completion ]]; then
    COMPREPLY=($(compgen -W 'bash zsh fish' -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}}
complete -o filenames -F _wisp wisp
)",
                     names(app, "|"), names(app, " "), words(app), cases);
}

std::string zsh_completion(const CLI::App& app) {
  const auto argument = [](const CLI::Option& option, std::string_view spelling) {
    const auto text = replaced(replaced(option.get_description(), "[", "\\["), "]", "\\]");
    const auto value =
        takes_value(option) ? ":" + replaced(option.get_type_name(), ":", "\\:") + ":_files" : "";
    return quoted(fmt::format("*{}[{}]{}", spelling, text, value));
  };
  const auto arguments = [&](const CLI::App& of) {
    std::string out;
    for (const auto* option : options_of(of)) {
      for (const auto& spelling : spellings(*option)) out += " \\\n        " + argument(*option, spelling);
    }
    return out;
  };
  std::string described, cases;
  for (const auto* command : commands_of(app)) {
    described += "    " + quoted(command->get_name() + ":" + command->get_description()) + "\n";
    cases += fmt::format("      {}) _arguments{} \\\n        '*:file:_files' ;;\n", command->get_name(),
                         arguments(*command));
  }
  return fmt::format(R"(#compdef wisp
# zsh completion for wisp
_wisp() {{
  local state
  local -a commands
  commands=(
{}  )
  _arguments -C{} \
        '1:command:->command' '*::argument:->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
{}      esac ;;
  esac
}}
_wisp "$@"
)",
                     described, arguments(app), cases);
}

std::string fish_completion(const CLI::App& app) {
  std::string out = "# fish completion for wisp\n";
  const auto add_options = [&](const CLI::App& of, const std::string& condition) {
    for (const auto* option : options_of(of)) {
      out += "complete -c wisp -n " + quoted(condition);
      for (const auto& name : option->get_lnames()) out += " -l " + name;
      for (const auto& name : option->get_snames()) out += " -s " + name;
      if (takes_value(*option)) out += " -r";
      out += " -d " + quoted(option->get_description()) + "\n";
    }
  };
  add_options(app, "__fish_use_subcommand");
  for (const auto* command : commands_of(app)) {
    out += fmt::format("complete -c wisp -n __fish_use_subcommand -f -a {} -d {}\n", command->get_name(),
                       quoted(command->get_description()));
    add_options(*command, "__fish_seen_subcommand_from " + command->get_name());
  }
  return out;
}

std::unique_ptr<Command> make_completion_command(const CLI::App& app) {
  return std::make_unique<CompletionCommand>(app);
}

}  // namespace wisp::cli
