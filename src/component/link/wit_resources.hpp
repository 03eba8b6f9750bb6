#pragma once

#include "component/instance/host_resource.hpp"
#include "component/link/wit.hpp"

#include <functional>
#include <memory>

/// Handles of the host's own resource types.
namespace wisp::component {

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
