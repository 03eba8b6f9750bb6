#pragma once

#include "component/abi/side.hpp"
#include "component/abi/strings.hpp"
#include "component/instance/host_resource.hpp"

#include <array>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

/// How C++ types stand for WIT types in host functions: layout, lifting and lowering generated per type, no boxed values.
namespace wisp::component {

/// list<u8> without a copy.
using ByteView = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

/// The absent payload of a case or of `result<_, _>`.
struct Unit {
  friend bool operator==(Unit, Unit) = default;
};

/// Identity of the C++ class behind a host resource.
using HostTypeTag = const void*;
template <class T>
[[nodiscard]] HostTypeTag host_type_tag() {
  static constexpr char tag = 0;
  return &tag;
}

/// Declares `enum class T` (0, 1, 2, …) as a WIT enum; put it in T's namespace: WISP_ENUM(Advice, "normal", "random")
#define WISP_ENUM(T, ...)                                                       \
  [[maybe_unused]] constexpr auto wisp_enum_labels(std::type_identity<T>) {     \
    return std::to_array<std::string_view>({__VA_ARGS__});                      \
  }

/// Declares a struct with `std::uint32_t bits` as WIT flags.
#define WISP_FLAGS(T, ...)                                                      \
  [[maybe_unused]] constexpr auto wisp_flag_labels(std::type_identity<T>) {     \
    return std::to_array<std::string_view>({__VA_ARGS__});                      \
  }

/// Declares a struct that has a member `std::variant<…> value` with one alternative per case (Unit: no payload).
#define WISP_VARIANT(T, ...)                                                    \
  [[maybe_unused]] constexpr auto wisp_case_labels(std::type_identity<T>) {     \
    return std::to_array<std::string_view>({__VA_ARGS__});                      \
  }

/// Declares an aggregate as a WIT record: labels in order, then a function object that ties its members:
/// WISP_RECORD(Datetime, ("seconds", "nanoseconds"), value.seconds, value.nanoseconds)
#define WISP_RECORD(T, LABELS, ...)                                             \
  [[maybe_unused]] constexpr auto wisp_field_labels(std::type_identity<T>) {    \
    return std::to_array<std::string_view>({WISP_UNWRAP LABELS});               \
  }                                                                             \
  [[maybe_unused]] inline auto wisp_tie(T& value) { return std::tie(__VA_ARGS__); }
#define WISP_UNWRAP(...) __VA_ARGS__

}  // namespace wisp::component
