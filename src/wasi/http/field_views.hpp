#pragma once

#include "wasi/http/fields.hpp"
#include "wasi/io/stream.hpp"

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

/// Fields as both versions of wasi:http hand them out: views, valid until the fields change.
namespace wisp::wasi::http {

using FieldEntry = std::tuple<std::string_view, ByteView>;

[[nodiscard]] inline ByteView bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// All values under a name.
[[nodiscard]] inline std::vector<ByteView> values_of(const FieldMap& map, std::string_view name) {
  std::vector<ByteView> out;
  for (const auto& [other, value] : map.fields()) {
    if (net::http::same_name(name, other)) out.push_back(bytes_of(value));
  }
  return out;
}

/// All fields, in their order.
[[nodiscard]] inline std::vector<FieldEntry> entries_of(const FieldMap& map) {
  std::vector<FieldEntry> out;
  out.reserve(map.fields().size());
  for (const auto& [name, value] : map.fields()) out.emplace_back(name, bytes_of(value));
  return out;
}

/// Names that differ in case alone are one name, whose original casing is that of its first entry ("Names
/// which have multiple values are represented by multiple entries in this list with the same name").
void spell_as_first(std::vector<FieldEntry>& entries);

}  // namespace wisp::wasi::http
