#pragma once

#include "component/link/wit.hpp"

#include <bit>

/// Integers, floats, bool, char.
namespace wisp::component {

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

}  // namespace wisp::component
