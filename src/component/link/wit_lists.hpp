#pragma once

#include "component/link/wit_strings.hpp"

#include <tuple>
#include <vector>

/// list<T> and map<K, V>.
namespace wisp::component {

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

}  // namespace wisp::component
