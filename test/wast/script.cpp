#include "script.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>

namespace wisp::wast {
namespace {

namespace json = boost::json;

struct KindName {
  std::string_view type;
  Command::Kind kind;
};
constexpr std::array kKinds{
    KindName{"module", Command::Kind::module},
    KindName{"module_definition", Command::Kind::module_definition},
    KindName{"module_instance", Command::Kind::module_instance},
    KindName{"register", Command::Kind::register_},
    KindName{"action", Command::Kind::action},
    KindName{"assert_return", Command::Kind::assert_return},
    KindName{"assert_trap", Command::Kind::assert_trap},
    KindName{"assert_exhaustion", Command::Kind::assert_trap},
    KindName{"assert_invalid", Command::Kind::assert_invalid},
    KindName{"assert_malformed", Command::Kind::assert_malformed},
    KindName{"assert_unlinkable", Command::Kind::assert_unlinkable},
    KindName{"assert_uninstantiable", Command::Kind::assert_uninstantiable},
};

std::string string_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<json::value> array_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return {};
  return {value->get_array().begin(), value->get_array().end()};
}

Command read_command(const json::object& object, const std::filesystem::path& folder) {
  Command command;
  const auto type = string_of(object, "type");
  const auto known = std::ranges::find(kKinds, std::string_view(type), &KindName::type);
  if (known != kKinds.end()) command.kind = known->kind;
  if (const auto* line = object.if_contains("line"); line != nullptr && line->is_int64())
    command.line = static_cast<std::uint32_t>(line->get_int64());
  command.name = string_of(object, "name");
  command.text = command.kind == Command::Kind::other ? type : string_of(object, "text");
  command.as = string_of(object, "as");
  if (command.kind == Command::Kind::module_instance) {
    command.name = string_of(object, "instance");
    command.definition = string_of(object, "module");
  }
  if (auto file = string_of(object, "filename"); !file.empty()) command.file = folder / file;
  command.text_format = string_of(object, "module_type") == "text";
  if (const auto* action = object.if_contains("action"); action != nullptr && action->is_object()) {
    const auto& invoke = action->get_object();
    if (string_of(invoke, "type") != "invoke") command.kind = Command::Kind::other;
    command.action = {string_of(invoke, "module"), string_of(invoke, "field"), array_of(invoke, "args")};
  }
  command.expected = array_of(object, "expected");
  return command;
}

}  // namespace

std::string_view text(Command::Kind kind) {
  const auto known = std::ranges::find(kKinds, kind, &KindName::kind);
  return known == kKinds.end() ? "unknown command" : known->type;
}

Result<Script> read_script(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::file_unreadable, "cannot read {}", path.string());
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  boost::system::error_code error;
  const auto root = json::parse(content, error);
  const auto* object = error ? nullptr : root.if_object();
  if (object == nullptr)
    return fail(Errc::malformed, "{} is not a script: {}", path.string(), error.message());
  Script script{.source = string_of(*object, "source_filename"), .commands = {}};
  for (const auto& command : array_of(*object, "commands"))
    if (command.is_object())
      script.commands.push_back(read_command(command.get_object(), path.parent_path()));
  return script;
}

}  // namespace wisp::wast
