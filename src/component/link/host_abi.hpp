#pragma once

#include "component/abi/strings.hpp"
#include "component/instance/call_side.hpp"
#include "component/instance/host_function.hpp"

#include <array>
#include <deque>
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

/// How C++ types stand for WIT types in host functions: layout, lifting and lowering generated per type, no
/// boxed values. Layouts are those of 32-bit memories; the linker refuses others for host functions.
namespace wisp::component {

/// list<u8> without a copy.
using ByteView = std::span<const std::byte>;
using Bytes = std::vector<std::byte>;

/// The absent payload of a case or of `result<_, _>`.
struct Unit {
  friend bool operator==(Unit, Unit) = default;
};

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

/// State of lifting one call's parameters: views into guest memory stay valid while the guest does not run.
struct LiftContext {
  CallSide& side;
  GuestMemory memory;
  std::deque<std::string> scratch;  ///< text that had to be transcoded
};

/// State of lowering one call's result; `memory` is fresh after each allocation.
struct LowerContext {
  CallSide& side;
  GuestMemory memory;

  [[nodiscard]] Result<std::uint32_t> allocate(std::uint64_t bytes, std::uint32_t align);
  /// Bytes of a place that was allocated or checked before.
  [[nodiscard]] Result<std::byte*> at(std::uint64_t address, std::uint32_t size);
};

/// The mapping of one C++ type; specialised below. `Stored` is what a lifted parameter is kept as during the
/// call.
template <class T>
struct Wit;

namespace host_abi {

template <class A>
constexpr std::uint32_t align_up(A offset, std::uint32_t align) {
  return (static_cast<std::uint32_t>(offset) + align - 1) & ~(align - 1);
}

template <std::size_t N, std::size_t M>
constexpr std::array<Flat, N + M> concat(const std::array<Flat, N>& a, const std::array<Flat, M>& b) {
  std::array<Flat, N + M> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = a[i];
  for (std::size_t i = 0; i < M; ++i) out[N + i] = b[i];
  return out;
}

/// CanonicalABI.md, "join".
constexpr Flat join(Flat a, Flat b) {
  if (a == b) return a;
  const bool narrow = (a == Flat::i32 || a == Flat::f32) && (b == Flat::i32 || b == Flat::f32);
  return narrow ? Flat::i32 : Flat::i64;
}

template <class T>
bool pair_matches(std::type_identity<T>, const Type* map, const ResourceTags& tags);
template <class K, class V>
bool pair_matches(std::type_identity<std::tuple<K, V>>, const Type* map, const ResourceTags& tags);
[[nodiscard]] bool labels_match(const Type* type, std::span<const std::string_view> labels);
[[nodiscard]] std::string braces(std::string_view head, std::span<const std::string> parts);
[[nodiscard]] Unexpected bad_discriminant(std::uint32_t value);
[[nodiscard]] Unexpected bad_char(std::uint32_t value);
[[nodiscard]] Result<ByteView> lift_bytes(LiftContext& in, std::uint64_t address, std::uint64_t length);
[[nodiscard]] Result<std::string_view> lift_view(LiftContext& in, std::uint64_t address, std::uint64_t units);
[[nodiscard]] Result<std::pair<std::uint32_t, std::uint32_t>> lower_text(LowerContext& out,
                                                                         std::string_view text);
[[nodiscard]] Result<std::pair<std::uint32_t, std::uint32_t>> lower_bytes(LowerContext& out, ByteView bytes);

inline void put_pair(wasmtime_val_raw_t* slots, std::pair<std::uint32_t, std::uint32_t> pair) {
  slots[0].i32 = static_cast<std::int32_t>(pair.first);
  slots[1].i32 = static_cast<std::int32_t>(pair.second);
}
inline Result<> put_pair(LowerContext& out, std::uint64_t address,
                         std::pair<std::uint32_t, std::uint32_t> pair) {
  std::byte* to = TRY(out.at(address, 8));
  store(to, pair.first);
  store(to + 4, pair.second);
  return {};
}
inline std::uint64_t word(wasmtime_val_raw_t slot) { return static_cast<std::uint32_t>(slot.i32); }

}  // namespace host_abi

// ---- numbers, bool, char
// -----------------------------------------------------------------------------------------

template <class T, Kind K, Flat F>
struct WitNumber {
  using Stored = T;
  static constexpr std::uint32_t kSize = sizeof(T), kAlign = sizeof(T);
  static constexpr std::array<Flat, 1> kFlat{F};
  static bool matches(const Type* type, const ResourceTags&) { return type->kind == K; }

  static Result<T> load(LiftContext&, const std::byte* at) { return check(component::load<T>(at)); }
  static Result<T> lift(LiftContext&, const wasmtime_val_raw_t* slots) {
    if constexpr (F == Flat::i32) {
      return check(static_cast<T>(slots[0].i32));
    } else if constexpr (F == Flat::i64) {
      return check(static_cast<T>(slots[0].i64));
    } else {
      return load_float(slots);
    }
  }
  static Result<> store(LowerContext& out, std::uint64_t address, T value) {
    component::store(TRY(out.at(address, kSize)), value);
    return {};
  }
  static Result<> lower(LowerContext&, wasmtime_val_raw_t* slots, T value) {
    if constexpr (F == Flat::i32) {
      slots[0].i32 =
          static_cast<std::int32_t>(value);  // NOLINT(bugprone-signed-char-misuse): s8 widens with its sign
    } else if constexpr (F == Flat::i64) {
      slots[0].i64 = static_cast<std::int64_t>(value);
    } else if constexpr (F == Flat::f32) {
      slots[0].f32 = std::bit_cast<decltype(slots[0].f32)>(value);
    } else {
      slots[0].f64 = std::bit_cast<decltype(slots[0].f64)>(value);
    }
    return {};
  }

 private:
  static Result<T> check(T value) { return value; }
  static Result<T> load_float(const wasmtime_val_raw_t* slots) {
    if constexpr (F == Flat::f32) {
      return std::bit_cast<T>(slots[0].f32);
    } else {
      return std::bit_cast<T>(slots[0].f64);
    }
  }
};

template <>
struct Wit<std::uint8_t> : WitNumber<std::uint8_t, Kind::u8, Flat::i32> {
  static std::string describe() { return "u8"; }
};
template <>
struct Wit<std::int8_t> : WitNumber<std::int8_t, Kind::s8, Flat::i32> {
  static std::string describe() { return "s8"; }
};
template <>
struct Wit<std::uint16_t> : WitNumber<std::uint16_t, Kind::u16, Flat::i32> {
  static std::string describe() { return "u16"; }
};
template <>
struct Wit<std::int16_t> : WitNumber<std::int16_t, Kind::s16, Flat::i32> {
  static std::string describe() { return "s16"; }
};
template <>
struct Wit<std::uint32_t> : WitNumber<std::uint32_t, Kind::u32, Flat::i32> {
  static std::string describe() { return "u32"; }
};
template <>
struct Wit<std::int32_t> : WitNumber<std::int32_t, Kind::s32, Flat::i32> {
  static std::string describe() { return "s32"; }
};
template <>
struct Wit<std::uint64_t> : WitNumber<std::uint64_t, Kind::u64, Flat::i64> {
  static std::string describe() { return "u64"; }
};
template <>
struct Wit<std::int64_t> : WitNumber<std::int64_t, Kind::s64, Flat::i64> {
  static std::string describe() { return "s64"; }
};
template <>
struct Wit<float> : WitNumber<float, Kind::f32, Flat::f32> {
  static std::string describe() { return "f32"; }
};
template <>
struct Wit<double> : WitNumber<double, Kind::f64, Flat::f64> {
  static std::string describe() { return "f64"; }
};

template <>
struct Wit<bool> {
  using Stored = bool;
  static constexpr std::uint32_t kSize = 1, kAlign = 1;
  static constexpr std::array<Flat, 1> kFlat{Flat::i32};
  static bool matches(const Type* type, const ResourceTags&) { return type->kind == Kind::bool_; }
  static std::string describe() { return "bool"; }
  static Result<bool> load(LiftContext&, const std::byte* at) { return *at != std::byte{0}; }
  static Result<bool> lift(LiftContext&, const wasmtime_val_raw_t* slots) { return slots[0].i32 != 0; }
  static Result<> store(LowerContext& out, std::uint64_t address, bool value) {
    *TRY(out.at(address, 1))
    = static_cast<std::byte>(value ? 1 : 0);
    return {};
  }
  static Result<> lower(LowerContext&, wasmtime_val_raw_t* slots, bool value) {
    slots[0].i32 = value ? 1 : 0;
    return {};
  }
};

template <>
struct Wit<char32_t> {
  using Stored = char32_t;
  static constexpr std::uint32_t kSize = 4, kAlign = 4;
  static constexpr std::array<Flat, 1> kFlat{Flat::i32};
  static bool matches(const Type* type, const ResourceTags&) { return type->kind == Kind::char_; }
  static std::string describe() { return "char"; }
  static Result<char32_t> load(LiftContext&, const std::byte* at) {
    return check(component::load<std::uint32_t>(at));
  }
  static Result<char32_t> lift(LiftContext&, const wasmtime_val_raw_t* slots) {
    return check(static_cast<std::uint32_t>(slots[0].i32));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, char32_t value) {
    component::store(TRY(out.at(address, 4)), static_cast<std::uint32_t>(value));
    return {};
  }
  static Result<> lower(LowerContext&, wasmtime_val_raw_t* slots, char32_t value) {
    slots[0].i32 = static_cast<std::int32_t>(value);
    return {};
  }

 private:
  static Result<char32_t> check(std::uint32_t value) {
    if (value >= 0x110000 || (value >= 0xD800 && value <= 0xDFFF)) return host_abi::bad_char(value);
    return static_cast<char32_t>(value);
  }
};

// ---- strings and lists
// -------------------------------------------------------------------------------------------

/// Shared shape of what is passed as address and length.
struct WitPair {
  static constexpr std::uint32_t kSize = 8, kAlign = 4;
  static constexpr std::array<Flat, 2> kFlat{Flat::i32, Flat::i32};
};

template <>
struct Wit<std::string_view> : WitPair {
  using Stored = std::string_view;
  static bool matches(const Type* type, const ResourceTags&) { return type->kind == Kind::string; }
  static std::string describe() { return "string"; }
  static Result<std::string_view> load(LiftContext& in, const std::byte* at) {
    return host_abi::lift_view(in, component::load<std::uint32_t>(at),
                               component::load<std::uint32_t>(at + 4));
  }
  static Result<std::string_view> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return host_abi::lift_view(in, host_abi::word(slots[0]), host_abi::word(slots[1]));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, std::string_view value) {
    return host_abi::put_pair(out, address, TRY(host_abi::lower_text(out, value)));
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, std::string_view value) {
    host_abi::put_pair(slots, TRY(host_abi::lower_text(out, value)));
    return {};
  }
};

template <>
struct Wit<std::string> : WitPair {
  using Stored = std::string;
  static bool matches(const Type* type, const ResourceTags&) { return type->kind == Kind::string; }
  static std::string describe() { return "string"; }
  static Result<std::string> load(LiftContext& in, const std::byte* at) {
    return lift_string(in.side, {component::load<std::uint32_t>(at), component::load<std::uint32_t>(at + 4)});
  }
  static Result<std::string> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return lift_string(in.side, {host_abi::word(slots[0]), host_abi::word(slots[1])});
  }
  static Result<> store(LowerContext& out, std::uint64_t address, const std::string& value) {
    return Wit<std::string_view>::store(out, address, value);
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, const std::string& value) {
    return Wit<std::string_view>::lower(out, slots, value);
  }
};

template <>
struct Wit<ByteView> : WitPair {
  using Stored = ByteView;
  static bool matches(const Type* type, const ResourceTags&) {
    return type->kind == Kind::list && type->element->kind == Kind::u8;
  }
  static std::string describe() { return "list<u8>"; }
  static Result<ByteView> load(LiftContext& in, const std::byte* at) {
    return host_abi::lift_bytes(in, component::load<std::uint32_t>(at),
                                component::load<std::uint32_t>(at + 4));
  }
  static Result<ByteView> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return host_abi::lift_bytes(in, host_abi::word(slots[0]), host_abi::word(slots[1]));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, ByteView value) {
    return host_abi::put_pair(out, address, TRY(host_abi::lower_bytes(out, value)));
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, ByteView value) {
    host_abi::put_pair(slots, TRY(host_abi::lower_bytes(out, value)));
    return {};
  }
};

template <>
struct Wit<Bytes> : WitPair {
  using Stored = Bytes;
  static bool matches(const Type* type, const ResourceTags& tags) {
    return Wit<ByteView>::matches(type, tags);
  }
  static std::string describe() { return "list<u8>"; }
  static Result<Bytes> load(LiftContext& in, const std::byte* at) {
    return copy(in, TRY(Wit<ByteView>::load(in, at)));
  }
  static Result<Bytes> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return copy(in, TRY(Wit<ByteView>::lift(in, slots)));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, const Bytes& value) {
    return Wit<ByteView>::store(out, address, value);
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, const Bytes& value) {
    return Wit<ByteView>::lower(out, slots, value);
  }

 private:
  static Result<Bytes> copy(LiftContext& in, ByteView view) {
    TRY(in.side.charge(view.size()));
    return Bytes(view.begin(), view.end());
  }
};

template <class T>
  requires(!std::is_same_v<T, std::byte>)
struct Wit<std::vector<T>> : WitPair {
  using Stored = std::vector<T>;
  /// A map is passed as the list of its pairs (CanonicalABI.md, despecialize).
  static bool matches(const Type* type, const ResourceTags& tags) {
    if (type->kind == Kind::map) return host_abi::pair_matches(std::type_identity<T>{}, type, tags);
    return type->kind == Kind::list && Wit<T>::matches(type->element, tags);
  }
  static std::string describe() { return "list<" + Wit<T>::describe() + ">"; }
  static Result<Stored> load(LiftContext& in, const std::byte* at) {
    return items(in, component::load<std::uint32_t>(at), component::load<std::uint32_t>(at + 4));
  }
  static Result<Stored> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return items(in, host_abi::word(slots[0]), host_abi::word(slots[1]));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, Stored value) {
    return host_abi::put_pair(out, address, TRY(put(out, std::move(value))));
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, Stored value) {
    host_abi::put_pair(slots, TRY(put(out, std::move(value))));
    return {};
  }

 private:
  static Result<Stored> items(LiftContext& in, std::uint64_t address, std::uint64_t count) {
    constexpr std::uint64_t kSize = Wit<T>::kSize;
    // count < 2^32, so the product cannot wrap.
    const auto bytes = TRY(in.memory.range(address, count * kSize, Wit<T>::kAlign));
    TRY(in.side.charge(count * (kSize + sizeof(T))));
    Stored out;
    out.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) out.push_back(TRY(Wit<T>::load(in, bytes.data() + i * kSize)));
    return out;
  }
  static Result<std::pair<std::uint32_t, std::uint32_t>> put(LowerContext& out, Stored value) {
    constexpr std::uint64_t kSize = Wit<T>::kSize;
    const auto address = TRY(out.allocate(value.size() * kSize, Wit<T>::kAlign));
    for (std::size_t i = 0; i < value.size(); ++i)
      TRY(Wit<T>::store(out, address + i * kSize, std::move(value[i])));
    return std::pair(address, static_cast<std::uint32_t>(value.size()));
  }
};

// ---- records and tuples
// ------------------------------------------------------------------------------------------

namespace host_abi {
template <class T>
bool pair_matches(std::type_identity<T>, const Type*, const ResourceTags&) {
  return false;
}
template <class K, class V>
bool pair_matches(std::type_identity<std::tuple<K, V>>, const Type* map, const ResourceTags& tags) {
  return Wit<K>::matches(map->element, tags) && Wit<V>::matches(map->second, tags);
}
}  // namespace host_abi

/// Layout and transfer of a sequence of fields.
template <class... F>
struct WitFields {
  static constexpr std::uint32_t kAlign = std::max({1U, Wit<F>::kAlign...});
  static constexpr auto kOffsets = [] {
    std::array<std::uint32_t, sizeof...(F) + 1> out{};
    std::uint32_t offset = 0;
    std::size_t i = 0;
    ((offset = host_abi::align_up(offset, Wit<F>::kAlign), out[i++] = offset, offset += Wit<F>::kSize), ...);
    out[i] = host_abi::align_up(offset, kAlign);
    return out;
  }();
  static constexpr std::uint32_t kSize = kOffsets[sizeof...(F)];
  static constexpr std::size_t kFlatCount = (0 + ... + Wit<F>::kFlat.size());
  static constexpr auto kFlat = [] {
    std::array<Flat, kFlatCount> out{};
    std::size_t i = 0;
    const auto append = [&](const auto& flat) {
      for (const auto f : flat) out[i++] = f;
    };
    (append(Wit<F>::kFlat), ...);
    return out;
  }();
  static constexpr auto kFlatOffsets = [] {
    std::array<std::size_t, sizeof...(F) + 1> out{};
    std::size_t offset = 0, i = 0;
    ((out[i++] = offset, offset += Wit<F>::kFlat.size()), ...);
    out[i] = offset;
    return out;
  }();

  using Values = std::tuple<typename Wit<F>::Stored...>;

  static Result<Values> load(LiftContext& in, const std::byte* at) {
    return gather([&]<class T>(std::size_t i) { return Wit<T>::load(in, at + kOffsets[i]); });
  }
  static Result<Values> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return gather([&]<class T>(std::size_t i) { return Wit<T>::lift(in, slots + kFlatOffsets[i]); });
  }
  template <class Tie>
  static Result<> store(LowerContext& out, std::uint64_t address, Tie&& values) {
    return scatter(std::forward<Tie>(values), [&]<class T>(std::size_t i, auto&& value) {
      return Wit<T>::store(out, address + kOffsets[i], std::forward<decltype(value)>(value));
    });
  }
  template <class Tie>
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, Tie&& values) {
    return scatter(std::forward<Tie>(values), [&]<class T>(std::size_t i, auto&& value) {
      return Wit<T>::lower(out, slots + kFlatOffsets[i], std::forward<decltype(value)>(value));
    });
  }

 private:
  template <class Get>
  static Result<Values> gather(Get get) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> Result<Values> {
      std::tuple<std::optional<typename Wit<F>::Stored>...> parts;
      std::optional<Error> failed;
      const auto one = [&]<class T>(std::size_t i, auto& part) {
        auto got = get.template operator()<T>(i);
        if (!got) {
          failed.emplace(std::move(got).error());
          return false;
        }
        part.emplace(*std::move(got));
        return true;
      };
      static_cast<void>((one.template operator()<F>(I, std::get<I>(parts)) && ...));
      if (failed) return std::unexpected(*std::move(failed));
      return Values(*std::move(std::get<I>(parts))...);
    }(std::index_sequence_for<F...>());
  }
  template <class Tie, class Put>
  static Result<> scatter(Tie&& values, Put put) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> Result<> {
      Result<> outcome;
      static_cast<void>(
          ((outcome = put.template operator()<F>(I, std::move(std::get<I>(values))), outcome.has_value()) &&
           ...));
      return outcome;
    }(std::index_sequence_for<F...>());
  }
};

template <class... F>
struct Wit<std::tuple<F...>> : WitFields<F...> {
  using Stored = std::tuple<F...>;
  static bool matches(const Type* type, const ResourceTags& tags) {
    if (type->kind != Kind::tuple || type->members.size() != sizeof...(F)) return false;
    std::size_t i = 0;
    return (Wit<F>::matches(type->members[i++].type, tags) && ...);
  }
  static std::string describe() {
    const std::array<std::string, sizeof...(F)> parts{Wit<F>::describe()...};
    return host_abi::braces("tuple", parts);
  }
};

namespace host_abi {

template <class Tie>
struct FieldsOfTie;
template <class... F>
struct FieldsOfTie<std::tuple<F&...>> {
  using Fields = WitFields<F...>;
  using Types = std::tuple<F...>;
};

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

template <host_abi::DeclaredRecord T>
struct Wit<T> : host_abi::FieldsOfTie<decltype(wisp_tie(std::declval<T&>()))>::Fields {
  using Stored = T;
  using Base = typename host_abi::FieldsOfTie<decltype(wisp_tie(std::declval<T&>()))>::Fields;
  using Types = typename host_abi::FieldsOfTie<decltype(wisp_tie(std::declval<T&>()))>::Types;
  static bool matches(const Type* type, const ResourceTags& tags) {
    if (type->kind != Kind::record ||
        !host_abi::labels_match(type, wisp_field_labels(std::type_identity<T>{})))
      return false;
    return [&]<class... F>(std::type_identity<std::tuple<F...>>) {
      std::size_t i = 0;
      return (Wit<F>::matches(type->members[i++].type, tags) && ...);
    }(std::type_identity<Types>{});
  }
  static std::string describe() {
    return [&]<class... F>(std::type_identity<std::tuple<F...>>) {
      const auto labels = wisp_field_labels(std::type_identity<T>{});
      std::size_t i = 0;
      const std::array<std::string, sizeof...(F)> parts{
          (std::string(labels[i++]) + ": " + Wit<F>::describe())...};
      return host_abi::braces("record", parts);
    }(std::type_identity<Types>{});
  }
  static Result<T> load(LiftContext& in, const std::byte* at) { return build(TRY(Base::load(in, at))); }
  static Result<T> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return build(TRY(Base::lift(in, slots)));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, T value) {
    return Base::store(out, address, wisp_tie(value));
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, T value) {
    return Base::lower(out, slots, wisp_tie(value));
  }

 private:
  static T build(typename Base::Values&& values) {
    T out{};
    wisp_tie(out) = std::move(values);
    return out;
  }
};

// ---- enums and flags
// ---------------------------------------------------------------------------------------------

template <host_abi::DeclaredEnum T>
struct Wit<T> {
  using Stored = T;
  static constexpr auto kLabels = wisp_enum_labels(std::type_identity<T>{});
  static_assert(kLabels.size() <= 256);
  static constexpr std::uint32_t kSize = 1, kAlign = 1;
  static constexpr std::array<Flat, 1> kFlat{Flat::i32};
  static bool matches(const Type* type, const ResourceTags&) {
    return type->kind == Kind::enum_ && host_abi::labels_match(type, kLabels);
  }
  static std::string describe() {
    return host_abi::braces("enum", std::vector<std::string>(kLabels.begin(), kLabels.end()));
  }
  static Result<T> load(LiftContext&, const std::byte* at) {
    return check(std::to_integer<std::uint32_t>(*at));
  }
  static Result<T> lift(LiftContext&, const wasmtime_val_raw_t* slots) {
    return check(static_cast<std::uint32_t>(slots[0].i32));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, T value) {
    *TRY(out.at(address, 1))
    = static_cast<std::byte>(value);
    return {};
  }
  static Result<> lower(LowerContext&, wasmtime_val_raw_t* slots, T value) {
    slots[0].i32 = static_cast<std::int32_t>(value);
    return {};
  }

 private:
  static Result<T> check(std::uint32_t value) {
    if (value >= kLabels.size()) return host_abi::bad_discriminant(value);
    return static_cast<T>(value);
  }
};

template <host_abi::DeclaredFlags T>
struct Wit<T> {
  using Stored = T;
  static constexpr auto kLabels = wisp_flag_labels(std::type_identity<T>{});
  static_assert(kLabels.size() >= 1 && kLabels.size() <= 32);
  static constexpr std::uint32_t kSize = kLabels.size() <= 8    ? 1
                                         : kLabels.size() <= 16 ? 2
                                                                : 4,
                                 kAlign = kSize;
  static constexpr std::array<Flat, 1> kFlat{Flat::i32};
  static bool matches(const Type* type, const ResourceTags&) {
    return type->kind == Kind::flags && host_abi::labels_match(type, kLabels);
  }
  static std::string describe() {
    return host_abi::braces("flags", std::vector<std::string>(kLabels.begin(), kLabels.end()));
  }
  static Result<T> load(LiftContext&, const std::byte* at) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, at, kSize);
    return check(bits);
  }
  static Result<T> lift(LiftContext&, const wasmtime_val_raw_t* slots) {
    return check(static_cast<std::uint32_t>(slots[0].i32));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, T value) {
    std::memcpy(TRY(out.at(address, kSize)), &value.bits, kSize);
    return {};
  }
  static Result<> lower(LowerContext&, wasmtime_val_raw_t* slots, T value) {
    slots[0].i32 = static_cast<std::int32_t>(value.bits);
    return {};
  }

 private:
  /// Bits beyond the labels are dropped (CanonicalABI.md, unpack_flags_from_int).
  static T check(std::uint32_t bits) {
    T out{};
    constexpr auto kMask = static_cast<std::uint32_t>((std::uint64_t{1} << kLabels.size()) - 1);
    out.bits = bits & kMask;
    return out;
  }
};

// ---- variants, options, results
// ----------------------------------------------------------------------------------

template <>
struct Wit<Unit> {
  using Stored = Unit;
  static constexpr std::uint32_t kSize = 0, kAlign = 1;
  static constexpr std::array<Flat, 0> kFlat{};
  static bool matches(const Type* type, const ResourceTags&) { return type == nullptr; }
  static std::string describe() { return "_"; }
  static Result<Unit> load(LiftContext&, const std::byte*) { return Unit{}; }
  static Result<Unit> lift(LiftContext&, const wasmtime_val_raw_t*) { return Unit{}; }
  static Result<> store(LowerContext&, std::uint64_t, Unit) { return {}; }
  static Result<> lower(LowerContext&, wasmtime_val_raw_t*, Unit) { return {}; }
};

/// Layout and transfer of a choice between payloads. `Ops` says how the C++ type holds them.
template <class T, class Ops, class... C>
struct WitCases {
  static_assert(sizeof...(C) >= 1 && sizeof...(C) <= 256);
  using Stored = T;
  static constexpr std::uint32_t kAlign = std::max({1U, Wit<C>::kAlign...});
  static constexpr std::uint32_t kPayload = host_abi::align_up(1, kAlign);
  static constexpr std::uint32_t kSize =
      host_abi::align_up(kPayload + std::max({0U, Wit<C>::kSize...}), kAlign);
  static constexpr std::size_t kPayloadFlats = std::max({std::size_t{0}, Wit<C>::kFlat.size()...});
  static constexpr auto kFlat = [] {
    std::array<Flat, 1 + kPayloadFlats> out{};
    std::array<bool, 1 + kPayloadFlats> set{};
    out[0] = Flat::i32;
    const auto merge = [&](const auto& flat) {
      for (std::size_t i = 0; i < flat.size(); ++i) {
        out[i + 1] = set[i + 1] ? host_abi::join(out[i + 1], flat[i]) : flat[i];
        set[i + 1] = true;
      }
    };
    (merge(Wit<C>::kFlat), ...);
    return out;
  }();

  static Result<T> load(LiftContext& in, const std::byte* at) {
    return choose(std::to_integer<std::uint32_t>(*at),
                  [&]<class P>() -> Result<P> { return Wit<P>::load(in, at + kPayload); });
  }
  static Result<T> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    // A joined slot holds the narrower value in its low bits, which is where the union's members lie.
    return choose(static_cast<std::uint32_t>(slots[0].i32),
                  [&]<class P>() -> Result<P> { return Wit<P>::lift(in, slots + 1); });
  }
  static Result<> store(LowerContext& out, std::uint64_t address, T value) {
    const std::size_t index = Ops::index(value);
    *TRY(out.at(address, 1))
    = static_cast<std::byte>(index);
    return visit(value, index, [&]<class P>(auto&& payload) {
      return Wit<P>::store(out, address + kPayload, std::forward<decltype(payload)>(payload));
    });
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, T value) {
    const std::size_t index = Ops::index(value);
    // Unused and widened slots are zero (CanonicalABI.md, lower_flat_variant).
    for (std::size_t i = 0; i < kFlat.size(); ++i) slots[i].i64 = 0;
    slots[0].i32 = static_cast<std::int32_t>(index);
    return visit(value, index, [&]<class P>(auto&& payload) {
      return Wit<P>::lower(out, slots + 1, std::forward<decltype(payload)>(payload));
    });
  }

 private:
  template <class Get>
  static Result<T> choose(std::uint32_t index, Get get) {
    std::optional<Result<T>> out;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto attempt = [&]<class P, std::size_t N>() {
        if (index != N) return false;
        auto payload = get.template operator()<P>();
        if (payload) {
          out.emplace(Ops::template make<N>(*std::move(payload)));
        } else {
          out.emplace(std::unexpected(std::move(payload).error()));
        }
        return true;
      };
      static_cast<void>((attempt.template operator()<C, I>() || ...));
    }(std::index_sequence_for<C...>());
    if (!out) return host_abi::bad_discriminant(index);
    return *std::move(out);
  }
  template <class Use>
  static Result<> visit(T& value, std::size_t index, Use use) {
    Result<> outcome;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto attempt = [&]<class P, std::size_t N>() {
        if (index != N) return false;
        outcome = use.template operator()<P>(Ops::template payload<N>(value));
        return true;
      };
      static_cast<void>((attempt.template operator()<C, I>() || ...));
    }(std::index_sequence_for<C...>());
    return outcome;
  }
};

namespace host_abi {

template <class T>
struct OptionOps {
  static std::size_t index(const std::optional<T>& value) { return value ? 1 : 0; }
  template <std::size_t I, class P>
  static std::optional<T> make(P&& payload) {
    if constexpr (I == 0) {
      return std::nullopt;
    } else {
      return std::optional<T>(std::forward<P>(payload));
    }
  }
  template <std::size_t I>
  static auto payload(std::optional<T>& value) {
    if constexpr (I == 0) {
      return Unit{};
    } else {
      return std::move(*value);
    }
  }
};

template <class T>
using OrUnit = std::conditional_t<std::is_void_v<T>, Unit, T>;

template <class T, class E>
struct ResultOps {
  using Held = std::expected<T, E>;
  static std::size_t index(const Held& value) { return value ? 0 : 1; }
  template <std::size_t I, class P>
  static Held make(P&& payload) {
    if constexpr (I == 1) {
      return std::unexpected(std::forward<P>(payload));
    } else if constexpr (std::is_void_v<T>) {
      return Held{};
    } else {
      return Held(std::forward<P>(payload));
    }
  }
  template <std::size_t I>
  static auto payload(Held& value) {
    if constexpr (I == 1) {
      return std::move(value.error());
    } else if constexpr (std::is_void_v<T>) {
      return Unit{};
    } else {
      return std::move(*value);
    }
  }
};

template <class T>
struct VariantOps {
  static std::size_t index(const T& value) { return value.value.index(); }
  template <std::size_t I, class P>
  static T make(P&& payload) {
    T out{};
    out.value.template emplace<I>(std::forward<P>(payload));
    return out;
  }
  template <std::size_t I>
  static auto payload(T& value) {
    return std::move(std::get<I>(value.value));
  }
};

template <class T, class V>
struct CasesOfVariant;
template <class T, class... C>
struct CasesOfVariant<T, std::variant<C...>> {
  using Cases = WitCases<T, VariantOps<T>, C...>;
  static bool matches(const Type* type, const ResourceTags& tags) {
    std::size_t i = 0;
    return (Wit<C>::matches(type->members[i++].type, tags) && ...);
  }
};

}  // namespace host_abi

template <class T>
struct Wit<std::optional<T>> : WitCases<std::optional<T>, host_abi::OptionOps<T>, Unit, T> {
  static bool matches(const Type* type, const ResourceTags& tags) {
    return type->kind == Kind::option && Wit<T>::matches(type->element, tags);
  }
  static std::string describe() { return "option<" + Wit<T>::describe() + ">"; }
};

template <class T, class E>
struct Wit<std::expected<T, E>>
    : WitCases<std::expected<T, E>, host_abi::ResultOps<T, E>, host_abi::OrUnit<T>, E> {
  static bool matches(const Type* type, const ResourceTags& tags) {
    const auto part = [&]<class P>(const Type* payload) {
      return std::is_same_v<P, Unit> ? payload == nullptr
                                     : payload != nullptr && Wit<P>::matches(payload, tags);
    };
    return type->kind == Kind::result && part.template operator()<host_abi::OrUnit<T>>(type->element) &&
           part.template operator()<E>(type->second);
  }
  static std::string describe() {
    return "result<" + Wit<host_abi::OrUnit<T>>::describe() + ", " + Wit<E>::describe() + ">";
  }
};

template <host_abi::DeclaredVariant T>
struct Wit<T> : host_abi::CasesOfVariant<T, decltype(T::value)>::Cases {
  static bool matches(const Type* type, const ResourceTags& tags) {
    return type->kind == Kind::variant &&
           host_abi::labels_match(type, wisp_case_labels(std::type_identity<T>{})) &&
           host_abi::CasesOfVariant<T, decltype(T::value)>::matches(type, tags);
  }
  static std::string describe() {
    const auto labels = wisp_case_labels(std::type_identity<T>{});
    return host_abi::braces("variant", std::vector<std::string>(labels.begin(), labels.end()));
  }
};

// ---- resources
// ---------------------------------------------------------------------------------------------------

struct WitHandle {
  static constexpr std::uint32_t kSize = 4, kAlign = 4;
  static constexpr std::array<Flat, 1> kFlat{Flat::i32};
};

/// borrow<t>, as a parameter.
template <class T>
  requires std::is_base_of_v<HostResource, T>
struct Wit<T&> : WitHandle {
  using Stored = std::reference_wrapper<T>;
  static bool matches(const Type* type, const ResourceTags& tags) {
    return type->kind == Kind::borrow && tags.tag(type->resource) == host_type_tag<T>();
  }
  static std::string describe() { return "borrow<…>"; }
  static Result<Stored> load(LiftContext& in, const std::byte* at) {
    return std::ref(static_cast<T&>(
        *TRY(in.side.lift_host_borrow(host_type_tag<T>(), component::load<std::uint32_t>(at)))));
  }
  static Result<Stored> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return std::ref(static_cast<T&>(
        *TRY(in.side.lift_host_borrow(host_type_tag<T>(), static_cast<std::uint32_t>(slots[0].i32)))));
  }
};

/// A borrow inside a list or record parameter.
template <class T>
  requires std::is_base_of_v<HostResource, T>
struct Wit<std::reference_wrapper<T>> : Wit<T&> {};

/// own<t>
template <class T>
  requires std::is_base_of_v<HostResource, T>
struct Wit<std::unique_ptr<T>> : WitHandle {
  using Stored = std::unique_ptr<T>;
  static bool matches(const Type* type, const ResourceTags& tags) {
    return type->kind == Kind::own && tags.tag(type->resource) == host_type_tag<T>();
  }
  static std::string describe() { return "own<…>"; }
  static Result<Stored> load(LiftContext& in, const std::byte* at) {
    return take(in, component::load<std::uint32_t>(at));
  }
  static Result<Stored> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return take(in, static_cast<std::uint32_t>(slots[0].i32));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, Stored value) {
    const auto handle = TRY(out.side.lower_host_own(host_type_tag<T>(), std::move(value)));
    component::store(TRY(out.at(address, 4)), handle);
    return {};
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, Stored value) {
    slots[0].i32 =
        static_cast<std::int32_t>(TRY(out.side.lower_host_own(host_type_tag<T>(), std::move(value))));
    return {};
  }

 private:
  static Result<Stored> take(LiftContext& in, std::uint32_t handle) {
    return Stored(static_cast<T*>(TRY(in.side.lift_host_own(host_type_tag<T>(), handle))));
  }
};

}  // namespace wisp::component
