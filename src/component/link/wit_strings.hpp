#pragma once

#include "component/abi/strings.hpp"
#include "component/link/wit.hpp"

/// string and list<u8>, as views and as copies.
namespace wisp::component {

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

}  // namespace wisp::component
