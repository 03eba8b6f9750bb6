#pragma once

#include "component/link/wit.hpp"
#include "component/link/wit_declare.hpp"

#include <algorithm>
#include <expected>
#include <optional>
#include <variant>
#include <vector>

/// variant, option, result.
namespace wisp::component {

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

}  // namespace wisp::component
