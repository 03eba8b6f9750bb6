#include "runner.hpp"

#include "component/abi/wave.hpp"
#include "constant.hpp"
#include "expectation.hpp"

#include <fstream>
#include <iterator>

namespace wisp::wast {
namespace {

using component::Value;

Result<std::vector<std::byte>> contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::file_unreadable, "cannot read {}", path.string());
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto view = std::as_bytes(std::span(bytes));
  return std::vector<std::byte>(view.begin(), view.end());
}

std::string text_of(const Error& error) { return fmt::format("{}: {}", name(error.code()), error.message()); }

/// An Error with the failure of a command as its message.
template <class... Args>
Unexpected failed(fmt::format_string<Args...> format, Args&&... args) {
  return fail(Errc::usage, format, std::forward<Args>(args)...);
}

/// For calls that never came to the guest: neither a trap nor a result.
bool is_trap(const Error& error) {
  const auto code = static_cast<int>(error.code());
  return code >= 400 && code < 500;
}

}  // namespace

std::vector<Outcome> Runner::run(const Script& script) {
  definitions_.clear();
  instances_.clear();
  std::vector<Outcome> outcomes;
  for (const auto& command : script.commands) {
    auto done = run(command);
    outcomes.push_back({command.line, text(command.kind), done ? std::string() : done.error().message()});
  }
  return outcomes;
}

Result<> Runner::run(const Command& command) {
  switch (command.kind) {
    case Command::Kind::module:
      TRY(define(command));
      return instantiate(command.name, definitions_.at(""));
    case Command::Kind::module_definition:
      return define(command);
    case Command::Kind::module_instance:
      return instantiate_named(command);
    case Command::Kind::action:
      (void)TRY(call(command, nullptr));
      return {};
    case Command::Kind::assert_return:
      (void)TRY(call(command, &command.expected));
      return {};
    case Command::Kind::assert_trap:
      return assert_trap(command);
    case Command::Kind::assert_invalid:
    case Command::Kind::assert_malformed:
      return assert_refused(command);
    case Command::Kind::assert_unlinkable:
    case Command::Kind::assert_uninstantiable:
      return assert_not_instantiated(command);
    case Command::Kind::register_:
      return failed("registering instances is not supported");
    case Command::Kind::other:
      return failed("the command {} is not supported", command.text);
  }
  return {};
}

Result<> Runner::define(const Command& command) {
  definitions_.erase("");
  auto definition = host_.define(TRY(contents(command.file)));
  if (!definition) return failed("refused: {}", text_of(definition.error()));
  definitions_[""] = *definition;
  if (!command.name.empty()) definitions_[command.name] = *definition;
  return {};
}

Result<> Runner::instantiate(const std::string& name, const std::shared_ptr<const Definition>& definition) {
  instances_.erase("");
  if (!name.empty()) instances_.erase(name);
  bool linked = false;
  auto instance = host_.instantiate(definition, linked);
  if (!instance) return failed("not instantiated: {}", text_of(instance.error()));
  const std::shared_ptr<Instance> shared = *std::move(instance);
  instances_[""] = shared;
  if (!name.empty()) instances_[name] = shared;
  return {};
}

Result<> Runner::instantiate_named(const Command& command) {
  const auto definition = definitions_.find(command.definition);
  if (definition == definitions_.end()) return failed("no definition is called `{}`", command.definition);
  return instantiate(command.name, definition->second);
}

/// Calls, compares with `expected` if given, and says what came back. The code of its errors tells failures
/// of the command (Errc::usage) from errors of the call.
Result<std::string> Runner::call(const Command& command, const std::vector<boost::json::value>* expected) {
  const auto& action = command.action;
  const auto instance = instances_.find(action.instance);
  if (instance == instances_.end()) return failed("there is no instance `{}`", action.instance);
  const auto* type = instance->second->export_type(action.function);
  if (type == nullptr) return failed("there is no function `{}`", action.function);
  if (action.arguments.size() != type->params.size())
    return failed("{} arguments for {} parameters", action.arguments.size(), type->params.size());
  std::vector<Value> arguments;
  for (std::size_t index = 0; index < type->params.size(); ++index)
    arguments.push_back(TRY(to_value(action.arguments[index], type->params[index].type)));

  auto result = instance->second->invoke(action.function, arguments);
  if (!result) {
    if (command.kind == Command::Kind::assert_trap) return std::unexpected(std::move(result).error());
    return failed("`{}` failed: {}", action.function, text_of(result.error()));
  }
  const auto shown = result->has_value() ? print_wave(**result, type->result) : std::string("nothing");
  if (expected == nullptr) return shown;
  if (expected->size() != (type->result == nullptr ? 0 : 1))
    return failed("{} results expected of a function of another type", expected->size());
  if (type->result == nullptr) return shown;
  const auto wanted = TRY(to_value(expected->front(), type->result));
  if (!(wanted == **result)) return failed("expected {}, got {}", print_wave(wanted, type->result), shown);
  return shown;
}

Result<> Runner::assert_trap(const Command& command) {
  const auto result = call(command, nullptr);
  if (result) return failed("a trap expected ({}), got {}", command.text, *result);
  if (!is_trap(result.error())) return failed("{}", result.error().message());
  if (!meets(command.text, result.error()))
    return failed("the trap `{}` expected, got {}", command.text, text_of(result.error()));
  return {};
}

Result<> Runner::check_wording(const Command& command, const Error& error) const {
  if (wording_ == Wording::theirs || error.message().find(command.text) != std::string_view::npos) return {};
  return failed("`{}` expected, got {}", command.text, text_of(error));
}

Result<> Runner::assert_refused(const Command& command) {
  auto file = command.file;
  if (command.text_format) {
    // What the text format refuses never becomes a binary; what it does not refuse has been assembled beside
    // it.
    file.replace_extension(".wasm");
    if (!std::filesystem::exists(file)) return {};
  }
  const auto definition = host_.define(TRY(contents(file)));
  if (definition) return failed("accepted, although `{}`", command.text);
  return check_wording(command, definition.error());
}

Result<> Runner::assert_not_instantiated(const Command& command) {
  const auto definition = host_.define(TRY(contents(command.file)));
  if (!definition) return failed("refused: {}", text_of(definition.error()));
  bool linked = false;
  const auto instance = host_.instantiate(*definition, linked);
  if (instance) return failed("instantiated, although `{}`", command.text);
  if (command.kind == Command::Kind::assert_unlinkable) {
    if (linked) return failed("linked, although `{}`: {}", command.text, text_of(instance.error()));
    return check_wording(command, instance.error());
  }
  if (!linked) return failed("not linked: {}", text_of(instance.error()));
  if (!meets(command.text, instance.error()))
    return failed("the trap `{}` expected, got {}", command.text, text_of(instance.error()));
  return {};
}

}  // namespace wisp::wast
