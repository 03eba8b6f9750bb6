#include "component/link/crash_error.hpp"

#include <algorithm>
#include <array>

namespace wisp::component {

namespace {

constexpr std::size_t kMaxText = 1'000;

/// A package whose errors have another place for what its interfaces do not name.
struct KnownPackage {
  std::string_view package;
  std::string_view error_case;  ///< empty: errors are strings
};

constexpr std::array kKnownPackages{
    KnownPackage{"wasmcloud:messaging/", ""},
    KnownPackage{"wasi:blobstore/", ""},
    KnownPackage{"wasi:keyvalue/", "other"},
    KnownPackage{"wasi:config/", "io"},
};

std::optional<CrashError::Text> text_of(const Type* payload) {
  if (payload == nullptr) return CrashError::Text::none;
  if (payload->kind == Kind::string) return CrashError::Text::plain;
  if (payload->kind == Kind::option && payload->element->kind == Kind::string)
    return CrashError::Text::optional;
  return std::nullopt;
}

std::optional<CrashError> find_case(const Type& error, std::string_view name) {
  if (error.kind != Kind::variant && error.kind != Kind::enum_) return std::nullopt;
  const auto found = std::ranges::find(error.members, name, &Member::name);
  if (found == error.members.end()) return std::nullopt;
  const auto text = text_of(found->type);
  if (!text) return std::nullopt;
  return CrashError(static_cast<std::uint32_t>(found - error.members.begin()), *text);
}

/// At most kMaxText bytes, not ending inside a character.
std::string shortened(std::string_view text) {
  if (text.size() > kMaxText) {
    text = text.substr(0, kMaxText + 1);
    while ((static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.remove_suffix(1);
    text.remove_suffix(1);
  }
  return std::string(text);
}

Value make_case(std::uint32_t index, std::unique_ptr<Value> payload) {
  return {Value::Case{.index = index, .payload = std::move(payload)}};
}

std::unique_ptr<Value> boxed(Value value) { return std::make_unique<Value>(std::move(value)); }

}  // namespace

Value CrashError::value(std::string_view text) const {
  auto payload = text_ == Text::none ? nullptr : boxed({shortened(text)});
  if (text_ == Text::optional) payload = boxed(make_case(1, std::move(payload)));
  return make_case(1, case_ ? boxed(make_case(*case_, std::move(payload))) : std::move(payload));
}

std::optional<CrashError> find_crash_error(std::string_view interface, const Type* result) {
  if (result == nullptr || result->kind != Kind::result || result->second == nullptr) return std::nullopt;
  const Type& error = *result->second;
  if (auto found = find_case(error, "internal-error")) return found;
  for (const auto& known : kKnownPackages) {
    if (!interface.starts_with(known.package)) continue;
    if (!known.error_case.empty()) return find_case(error, known.error_case);
    if (error.kind == Kind::string) return CrashError(std::nullopt, CrashError::Text::plain);
  }
  return std::nullopt;
}

}  // namespace wisp::component
