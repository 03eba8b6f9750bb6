#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

/// How a C++ type is declared to be a WIT enum, flags, variant or record.
namespace wisp::component {

/// Declares `enum class T` (0, 1, 2, …) as a WIT enum; put it in T's namespace: WISP_ENUM(Advice, "normal",
/// "random")
#define WISP_ENUM(T, ...)                                                   \
  [[maybe_unused]] constexpr auto wisp_enum_labels(std::type_identity<T>) { \
    return std::to_array<std::string_view>({__VA_ARGS__});                  \
  }

/// Declares a struct with `std::uint32_t bits` as WIT flags.
#define WISP_FLAGS(T, ...)                                                  \
  [[maybe_unused]] constexpr auto wisp_flag_labels(std::type_identity<T>) { \
    return std::to_array<std::string_view>({__VA_ARGS__});                  \
  }

/// Declares a struct that has a member `std::variant<…> value` with one alternative per case (Unit: no
/// payload).
#define WISP_VARIANT(T, ...)                                                \
  [[maybe_unused]] constexpr auto wisp_case_labels(std::type_identity<T>) { \
    return std::to_array<std::string_view>({__VA_ARGS__});                  \
  }

/// Declares an aggregate as a WIT record: labels in order, then its members:
/// WISP_RECORD(Datetime, ("seconds", "nanoseconds"), value.seconds, value.nanoseconds)
#define WISP_RECORD(T, LABELS, ...)                                          \
  [[maybe_unused]] constexpr auto wisp_field_labels(std::type_identity<T>) { \
    return std::to_array<std::string_view>({WISP_UNWRAP LABELS});            \
  }                                                                          \
  [[maybe_unused]] inline auto wisp_tie(T& value) { return std::tie(__VA_ARGS__); }
#define WISP_UNWRAP(...) __VA_ARGS__

namespace host_abi {

template <class T>
concept DeclaredRecord = requires(T& value) {
  wisp_field_labels(std::type_identity<T>{});
  wisp_tie(value);
};
template <class T>
concept DeclaredEnum = requires { wisp_enum_labels(std::type_identity<T>{}); };
template <class T>
concept DeclaredFlags = requires { wisp_flag_labels(std::type_identity<T>{}); };
template <class T>
concept DeclaredVariant = requires { wisp_case_labels(std::type_identity<T>{}); };

}  // namespace host_abi

}  // namespace wisp::component
