#pragma once

#include "base/result.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace wisp::wast {

/// `(invoke "f" …)` of a script.
struct Action {
  std::string instance;  ///< empty: the current one
  std::string function;
  std::vector<boost::json::value> arguments;
};

/// One command of a script, as crate json-from-wast writes it.
struct Command {
  enum class Kind : std::uint8_t {
    module,             ///< define and instantiate `file`; `name` names the instance
    module_definition,  ///< define `file` as `name`
    module_instance,    ///< instantiate the definition `definition` (empty: the last one) as `name`
    register_,          ///< make the instance `name` importable as `as`
    action,
    assert_return,
    assert_trap,  ///< assert_exhaustion too
    assert_invalid,
    assert_malformed,
    assert_unlinkable,
    assert_uninstantiable,
    other,  ///< what this runner does not know: `text` is its type
  };
  Kind kind = Kind::other;
  std::uint32_t line = 0;
  std::string name, definition, as;
  std::filesystem::path file;  ///< absolute or relative to the working directory
  bool text_format = false;    ///< `file` is text that the converter left alone
  std::string text;            ///< the message that a script expects
  Action action;
  std::vector<boost::json::value> expected;
};

struct Script {
  std::string source;  ///< the .wast file it was made from
  std::vector<Command> commands;
};

/// "assert_return".
[[nodiscard]] std::string_view text(Command::Kind kind);

/// Reads a script; binaries lie beside it. Errc::file_unreadable, Errc::malformed.
[[nodiscard]] Result<Script> read_script(const std::filesystem::path& json);

}  // namespace wisp::wast
