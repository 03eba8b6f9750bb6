#pragma once

#include "component/instance/subtask.hpp"
#include "component/link/host_abi.hpp"
#include "component/link/host_task.hpp"

#include <memory>

namespace wisp::component {

namespace host_abi {

template <class F>
struct CallableTraits : CallableTraits<decltype(&F::operator())> {};
template <class R, class... A>
struct CallableTraits<R (*)(Caller&, A...)> {
  using Return = R;
  using Params = std::tuple<A...>;
};
template <class C, class R, class... A>
struct CallableTraits<R (C::*)(Caller&, A...) const> : CallableTraits<R (*)(Caller&, A...)> {};
template <class C, class R, class... A>
struct CallableTraits<R (C::*)(Caller&, A...)> : CallableTraits<R (*)(Caller&, A...)> {};

/// What a callable returns, without Result and awaitable around it.
template <class R>
struct Returned {
  using Value = R;
  static constexpr bool kAwaits = false, kFails = false;
};
template <class T>
struct Returned<std::expected<T, Error>> {
  using Value = T;
  static constexpr bool kAwaits = false, kFails = true;
};
template <class T>
struct Returned<boost::asio::awaitable<std::expected<T, Error>>> {
  using Value = T;
  static constexpr bool kAwaits = true, kFails = true;
};

/// Of functions of async types only.
template <class T>
struct Returned<Eventually<T>> {
  using Value = T;
  static constexpr bool kAwaits = true, kFails = true;
};

/// Parameter types as WIT types: `const X&` is X, a resource reference stays one.
template <class A>
using ParamType =
    std::conditional_t<std::is_base_of_v<HostResource, std::remove_cvref_t<A>>, A, std::remove_cvref_t<A>>;

/// Whether the WIT function is of an async type.
enum class Calling : std::uint8_t { sync, async };

template <Calling C, class F, class R, class... A>
class TypedHostFunction final : public HostFunction {
  using Fields = WitFields<A...>;
  using Back = Returned<R>;
  using Value = typename Back::Value;
  static constexpr bool kIndirectParams = Fields::kFlatCount > kMaxFlatParams;
  static constexpr std::size_t kParamSlots = kIndirectParams ? 1 : Fields::kFlatCount;

 public:
  explicit TypedHostFunction(F callable) : callable_(std::move(callable)) {}

  bool matches(const FuncType& type, const ResourceTags& tags) const override {
    if (type.async != (C == Calling::async) || type.params.size() != sizeof...(A)) return false;
    std::size_t i = 0;
    if (!(Wit<A>::matches(type.params[i++].type, tags) && ...)) return false;
    if constexpr (std::is_void_v<Value>) {
      return type.result == nullptr;
    } else {
      return type.result != nullptr && Wit<Value>::matches(type.result, tags);
    }
  }

  std::string describe() const override {
    const std::array<std::string, sizeof...(A)> parts{Wit<A>::describe()...};
    std::string out = C == Calling::async ? "async func(" : "func(";
    for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : ", ") + parts[i];
    out += ")";
    if constexpr (!std::is_void_v<Value>) out += " -> " + Wit<Value>::describe();
    return out;
  }

  Result<> call(Caller& caller, CallSide& side, FlatSpan values) const override {
    if constexpr (C == Calling::async) {
      return fail(Errc::internal, "a function of an async type was called as one of a sync type");
    } else {
      return call_sync(caller, side, values);
    }
  }

  Result<> begin(Subtask& subtask) const override {
    if constexpr (C == Calling::async) {
      subtask.begin();
      CallSide side(subtask.caller(), subtask.lower().options, nullptr);
      LiftContext in{.side = side, .memory = side.memory(), .scratch = {}};
      auto arguments = TRY(lift_async(in, subtask));
      subtask.take_loans(side);
      Target target{.subtask = &subtask};
      if (subtask.lower().signature.indirect_results)
        target.address = word(subtask.values()[subtask.lower().signature.params.size() - 1]);
      if constexpr (Back::kAwaits) {
        return HostTask<Value, TypedHostFunction>::start(*this, target, std::move(arguments));
      } else {
        Caller caller(subtask.caller());
        return finish(target, invoke(caller, std::move(arguments)));
      }
    } else {
      return HostFunction::begin(subtask);
    }
  }

  using Arguments = typename Fields::Values;

  /// Calls it; for HostTask, which keeps the arguments.
  auto run(Caller& caller, Arguments& arguments) const {
    return std::apply([&](auto&... argument) { return callable_(caller, pass(argument)...); }, arguments);
  }

 private:
  Result<> call_sync(Caller& caller, CallSide& side, FlatSpan values) const {
    LiftContext in{.side = side, .memory = side.memory(), .scratch = {}};
    auto arguments = TRY(lift(in, values));
    if constexpr (std::is_void_v<Value>) {
      return invoke(caller, std::move(arguments));
    } else {
      // The results' place is read before the call: afterwards the slots are ours to write.
      const std::uint64_t target = word(values[std::min(kParamSlots, values.size() - 1)]);
      auto result = TRY(invoke(caller, std::move(arguments)));
      LowerContext out{.side = side, .memory = side.memory()};
      if constexpr (Wit<Value>::kFlat.size() <= kMaxFlatResults) {
        return Wit<Value>::lower(out, values.data(), std::move(result));
      } else {
        TRY(out.memory.range(target, Wit<Value>::kSize, Wit<Value>::kAlign));
        return Wit<Value>::store(out, target, std::move(result));
      }
    }
  }

  static Result<typename Fields::Values> lift(LiftContext& in, FlatSpan values) {
    if constexpr (kIndirectParams) {
      const auto bytes = TRY(in.memory.range(word(values[0]), Fields::kSize, Fields::kAlign));
      return Fields::load(in, bytes.data());
    } else {
      return Fields::lift(in, values.data());
    }
  }

  /// Parameters of a call of an async type, whose flat form depends on how it was lowered.
  static Result<Arguments> lift_async(LiftContext& in, const Subtask& subtask) {
    if (!subtask.lower().signature.indirect_params) return Fields::lift(in, subtask.values().data());
    const auto bytes = TRY(in.memory.range(word(subtask.values()[0]), Fields::kSize, Fields::kAlign));
    return Fields::load(in, bytes.data());
  }

  Result<Value> invoke(Caller& caller, typename Fields::Values&& arguments) const {
    return std::apply(
        [&](auto&&... argument) -> Result<Value> {
          if constexpr (Back::kAwaits) {
            return caller.await(callable_(caller, pass(argument)...));
          } else if constexpr (Back::kFails) {
            return callable_(caller, pass(argument)...);
          } else if constexpr (std::is_void_v<Value>) {
            callable_(caller, pass(argument)...);
            return {};
          } else {
            return callable_(caller, pass(argument)...);
          }
        },
        std::move(arguments));
  }

  template <class T>
  static T&& pass(T& value) {
    return std::move(value);
  }
  template <class T>
  static T& pass(std::reference_wrapper<T>& value) {
    return value.get();
  }

  F callable_;
};

template <Calling C, class F, class R, class... A>
std::unique_ptr<HostFunction> make(F callable, std::type_identity<std::tuple<A...>>) {
  return std::make_unique<TypedHostFunction<C, F, R, ParamType<A>...>>(std::move(callable));
}

}  // namespace host_abi

/// Wraps a callable `R f(Caller&, A…)` (see host.hpp for the types).
template <class F>
[[nodiscard]] std::unique_ptr<HostFunction> make_host_function(F callable) {
  using Traits = host_abi::CallableTraits<F>;
  return host_abi::make<host_abi::Calling::sync, F, typename Traits::Return>(
      std::move(callable), std::type_identity<typename Traits::Params>{});
}

/// As above, for a WIT function of an async type.
template <class F>
[[nodiscard]] std::unique_ptr<HostFunction> make_async_host_function(F callable) {
  using Traits = host_abi::CallableTraits<F>;
  return host_abi::make<host_abi::Calling::async, F, typename Traits::Return>(
      std::move(callable), std::type_identity<typename Traits::Params>{});
}

}  // namespace wisp::component
