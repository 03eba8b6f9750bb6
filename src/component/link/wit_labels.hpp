#pragma once

#include "component/link/wit.hpp"
#include "component/link/wit_declare.hpp"

#include <cstring>
#include <vector>

/// enum and flags.
namespace wisp::component {

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

}  // namespace wisp::component
