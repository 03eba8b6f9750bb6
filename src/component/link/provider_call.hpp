#pragma once

#include "component/link/component_function.hpp"
#include "component/link/host_abi.hpp"
#include "component/link/session.hpp"
#include "component/link/wit_provider.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

/// Calls of a provider's exports by host code that stands between it and a caller: what bridges are made of.
namespace wisp::component {

/// The lifted function at `path` of the provider's exports. Errc::import_type: there is none, or it is
/// another component's.
[[nodiscard]] Result<const Lift*> find_lift(const Provider& provider, const std::vector<std::string>& path);

/// The provider's export is of another type than a bridge to it needs.
[[nodiscard]] Unexpected wrong_export(const Provider& provider, const std::vector<std::string>& path,
                                      const FuncType& provided, std::string expected);

template <class Signature>
class ProviderFunction;

/// A function that a provider exports, as C++ sees it: R and A… as in host functions (host.hpp), but without
/// views in R; handles of the provider's own resources are Foreign and Lent (wit_provider.hpp). Immutable,
/// shared by all shards.
template <class R, class... A>
class ProviderFunction<R(A...)> {
  using Fields = WitFields<A...>;
  static_assert(Fields::kFlatCount <= kMaxFlatParams);

 public:
  enum class Effect : std::uint8_t { sync, async };

  /// The export at `path` with that type. Errc::import_type.
  [[nodiscard]] static Result<ProviderFunction> find(const ProviderRef& from, std::vector<std::string> path,
                                                     Effect effect = Effect::sync) {
    const Lift* const lift = TRY(find_lift(*from.provider, path));
    if (!fits(*lift->type, from.provider->linked->tags(), effect))
      return wrong_export(*from.provider, path, *lift->type, describe(effect));
    return ProviderFunction(from, *lift);
  }

  /// The tree for the caller's next call, which counts (Session::next). On the caller's fiber.
  [[nodiscard]] Result<std::shared_ptr<Tree>> tree(Caller& caller,
                                                   std::size_t most = Session::kAnyNumber) const {
    auto& tree = caller.tree();
    return TRY(session(caller).next(*from_.provider, tree, tree.run(), most))
    ->shared_from_this();
  }
  [[nodiscard]] Session& session(Caller& caller) const { return Session::of(caller.tree(), from_); }

  /// Calls it in the caller's name, on the caller's fiber; an Error is a trap of the provider, and the
  /// caller's.
  [[nodiscard]] Result<R> call(Caller& caller, A... arguments) const {
    const auto in = TRY(tree(caller));
    return call_in(*in, caller, std::move(arguments)...);
  }
  [[nodiscard]] Result<R> call_in(Tree& tree, Caller& caller, A... arguments) const {
    auto result = call_on(tree, caller.tree().run(), std::move(arguments)...);
    // Its end, which is how a crash is told, unless that came before.
    if (!result && result.error().code() != Errc::trap_poisoned) static_cast<void>(session(caller).claim());
    return result;
  }
  /// As above on the fiber of `run`, whoever has started it: in `tree`, which is one of this provider
  /// (Errc::trap_handle).
  [[nodiscard]] Result<R> call_on(Tree& tree, GuestRun& run, A... arguments) const {
    if (&tree.linked() != from_.provider->linked.get())
      return fail(Errc::trap_handle, "the resource belongs to another component");
    if (tree.poisoned())
      return fail(Errc::trap_poisoned, "{} has trapped before and cannot be entered", from_.provider->name);
    std::tuple<A...> values(std::move(arguments)...);
    std::conditional_t<std::is_void_v<R>, Unit, std::optional<Returned>> result;
    TRY(tree.call(
        run, *lift_, [&](CallSide& side, FlatSpan params) { return lower(side, params, std::move(values)); },
        [&](CallSide& side, FlatSpan results) -> Result<> {
          if constexpr (!std::is_void_v<R>) result.emplace(TRY(lift(side, results)));
          return {};
        }));
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return *std::move(result);
    }
  }

  /// For calls that are started with Tree::start: what a CallSource does.
  [[nodiscard]] static Result<> lower(CallSide& side, FlatSpan params, std::tuple<A...> values) {
    LowerContext out{.side = side, .memory = side.memory()};
    return Fields::lower(out, params.data(), std::move(values));
  }
  /// What the provider said, in CallSource::resolve.
  [[nodiscard]] auto lift_results(CallSide& side, FlatSpan results) const { return lift(side, results); }
  [[nodiscard]] const Lift& lifted() const noexcept { return *lift_; }
  [[nodiscard]] const Provider& provider() const noexcept { return *from_.provider; }
  [[nodiscard]] const std::shared_ptr<const Provider>& share_provider() const noexcept {
    return from_.provider;
  }

 private:
  using Returned = std::conditional_t<std::is_void_v<R>, Unit, R>;

  ProviderFunction(const ProviderRef& from, const Lift& lift) : from_(from), lift_(&lift) {}

  static bool fits(const FuncType& type, const ResourceTags& tags, Effect effect) {
    if (type.async != (effect == Effect::async) || type.params.size() != sizeof...(A)) return false;
    std::size_t i = 0;
    if (!(Wit<A>::matches(type.params[i++].type, tags) && ...)) return false;
    if constexpr (std::is_void_v<R>) {
      return type.result == nullptr;
    } else {
      return type.result != nullptr && Wit<R>::matches(type.result, tags);
    }
  }

  static std::string describe(Effect effect) {
    std::string out = effect == Effect::async ? "async func(" : "func(";
    std::size_t i = 0;
    static_cast<void>(((out += (i++ == 0 ? "" : ", ") + Wit<A>::describe()), ...));
    out += ")";
    if constexpr (!std::is_void_v<R>) out += " -> " + Wit<R>::describe();
    return out;
  }

  Result<Returned> lift(CallSide& side, FlatSpan results) const {
    LiftContext in{.side = side, .memory = side.memory(), .scratch = {}};
    if (!lift_->signature.indirect_results) return Wit<Returned>::lift(in, results.data());
    using Type = Wit<Returned>;
    const auto bytes = TRY(in.memory.range(host_abi::word(results[0]), Type::kSize, Type::kAlign));
    return Type::load(in, bytes.data());
  }

  ProviderRef from_;
  const Lift* lift_;  // of the provider
};

}  // namespace wisp::component
