#pragma once

#include "component/abi/value.hpp"

#include <string>
#include <string_view>
#include <vector>

/// WAVE, the text of component values that people type and read (github.com/bytecodealliance/wasm-tools,
/// crates/wasm-wave/README.md): `{name: "x", tags: [1, 2], mode: some(fast)}`. A map is a list of pairs.
namespace wisp::component {

/// "run(1, \"a\")" cut in two. Views into the text.
struct WaveCall {
  std::string_view text;  ///< all of it
  std::string_view name;  ///< before the parenthesis: the application's business ("run", "a:b/c.run")
  std::size_t args_at;    ///< where the arguments begin in `text`; its end without any
};

/// Errors of all parsers are Errc::wave_syntax and say the column, counted in characters from one.
[[nodiscard]] Result<WaveCall> parse_wave_call(std::string_view text);

/// The arguments of the call for the parameters of `type`; trailing `option`s may be left out.
[[nodiscard]] Result<std::vector<Value>> parse_wave_args(const WaveCall& call, const FuncType& type);

/// One value and nothing behind it. Handles, streams, futures and error contexts have no text.
[[nodiscard]] Result<Value> parse_wave(std::string_view text, const Type* type);

/// The text of a value of `type`, in the form other tools print: explicit `some` and `ok`, absent optional
/// fields left out. Handles, which cannot be read back, are "resource(3)".
[[nodiscard]] std::string print_wave(const Value& value, const Type* type);

}  // namespace wisp::component
