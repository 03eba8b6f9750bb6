#pragma once

#include "component/link/linker.hpp"
#include "component/link/provider_object.hpp"
#include "component/link/wit_resources.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// Handles of resources that providers define, in the signatures of ProviderFunctions and in what their
/// streams and futures carry.
namespace wisp::component {

/// A type that names a resource which providers may define:
///
///     struct OldDescriptor {
///       static constexpr std::string_view kInterface = "wasi:filesystem/types@0.2";  // canonical
///       static constexpr std::string_view kName = "descriptor";
///     };
///
/// Bridges that use it say so (Bridges::known, known_resource()).
template <class R>
concept NamesResource = !std::is_base_of_v<HostResource, R> && requires {
  { R::kInterface } -> std::convertible_to<std::string_view>;
  { R::kName } -> std::convertible_to<std::string_view>;
};

template <NamesResource R>
[[nodiscard]] KnownResource known_resource() {
  return {.interface = std::string(R::kInterface), .name = std::string(R::kName), .tag = host_type_tag<R>()};
}

/// own<R> of a provider, as a result: held until the last copy ends, which is when its destructor runs. As a
/// parameter it is given away, and other copies can no longer be used (Errc::trap_handle). Keeps the
/// provider's tree. Lives on one shard. Made by lifting; one made by default holds nothing.
template <NamesResource R>
class Foreign {
 public:
  Foreign() = default;
  explicit Foreign(std::shared_ptr<ProviderObject> object) : object_(std::move(object)) {}

  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
  [[nodiscard]] const std::shared_ptr<ProviderObject>& share() const noexcept { return object_; }
  /// Where it lives: calls that it is a parameter of are made there. Not of one that holds nothing.
  [[nodiscard]] Tree& tree() const noexcept { return *object_->tree(); }

  /// For HostResource::dropped(): runs the destructor at once, unless others hold copies.
  [[nodiscard]] Result<> dropped(GuestRun& run) {
    const auto object = std::move(object_);
    return object != nullptr && object.use_count() == 1 ? object->dropped(run) : Result<>{};
  }

 private:
  std::shared_ptr<ProviderObject> object_;
};

/// borrow<R>, as a parameter. Never moved from, so that it keeps the object until the call is over.
template <NamesResource R>
class Lent {
 public:
  Lent(const Foreign<R>& from) : object_(from.share()) {}
  Lent(const Lent&) = default;
  Lent& operator=(const Lent&) = default;
  ~Lent() = default;

  [[nodiscard]] const ProviderObject* get() const noexcept { return object_.get(); }

 private:
  std::shared_ptr<ProviderObject> object_;
};

template <NamesResource R>
struct Wit<Foreign<R>> : WitHandle {
  using Stored = Foreign<R>;
  static bool matches(const Type* type, const ResourceTags& tags) {
    return type->kind == Kind::own && tags.tag(type->resource) == host_type_tag<R>();
  }
  static std::string describe() { return "own<" + std::string(R::kName) + ">"; }
  static Result<Stored> load(LiftContext& in, const std::byte* at) {
    return Stored(TRY(take_object(in.side, host_type_tag<R>(), component::load<std::uint32_t>(at))));
  }
  static Result<Stored> lift(LiftContext& in, const wasmtime_val_raw_t* slots) {
    return Stored(TRY(take_object(in.side, host_type_tag<R>(), static_cast<std::uint32_t>(slots[0].i32))));
  }
  static Result<> store(LowerContext& out, std::uint64_t address, const Stored& value) {
    const auto handle = TRY(give_object(out.side, host_type_tag<R>(), value.share().get()));
    component::store(TRY(out.at(address, 4)), handle);
    return {};
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, const Stored& value) {
    slots[0].i32 =
        static_cast<std::int32_t>(TRY(give_object(out.side, host_type_tag<R>(), value.share().get())));
    return {};
  }
};

template <NamesResource R>
struct Wit<Lent<R>> : WitHandle {
  using Stored = Lent<R>;
  static bool matches(const Type* type, const ResourceTags& tags) {
    return type->kind == Kind::borrow && tags.tag(type->resource) == host_type_tag<R>();
  }
  static std::string describe() { return "borrow<" + std::string(R::kName) + ">"; }
  static Result<> store(LowerContext& out, std::uint64_t address, const Stored& value) {
    const auto handle = TRY(lend_object(out.side, host_type_tag<R>(), value.get()));
    component::store(TRY(out.at(address, 4)), handle);
    return {};
  }
  static Result<> lower(LowerContext& out, wasmtime_val_raw_t* slots, const Stored& value) {
    slots[0].i32 = static_cast<std::int32_t>(TRY(lend_object(out.side, host_type_tag<R>(), value.get())));
    return {};
  }
};

}  // namespace wisp::component
