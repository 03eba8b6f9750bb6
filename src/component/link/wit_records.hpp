#pragma once

#include "component/link/wit.hpp"
#include "component/link/wit_declare.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>

/// tuple and record.
namespace wisp::component {

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

}  // namespace wisp::component
