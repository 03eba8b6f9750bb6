#include "component/link/component_function.hpp"

#include "component/instance/subtask.hpp"
#include "component/instance/tree.hpp"
#include "component/link/crash_error.hpp"
#include "component/link/crash_watch.hpp"
#include "component/link/provider_object.hpp"
#include "component/link/session.hpp"
#include "component/types/names.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

namespace wisp::component {

namespace {

/// Identity of a resource type of a provider, as importers know it.
HostTypeTag tag_of(const Linked& linked, ResourceId resource) {
  const auto& binding = linked.resources[resource.value];
  return binding.kind == ResourceBinding::Kind::host ? binding.tag : &linked.plan->resources[resource.value];
}

/// Hands an object over to a handle; without one it ends here.
Result<std::uint32_t> lower_object(CallSide& side, ResourceId resource, Rep rep) {
  auto handle = side.lower_own(resource, rep);
  if (!handle) delete to_object(rep);
  return handle;
}

/// What a side's realloc did, to tell afterwards whether a transfer failed because of it.
class Allocations {
 public:
  Result<std::uint64_t> kept(Result<std::uint64_t> address, std::uint32_t align, std::uint64_t size) {
    trapped_ = !address;
    if (address) last_ = {.address = *address, .size = size, .align = align};
    return address;
  }
  /// realloc trapped, or its last result is not what was asked for.
  [[nodiscard]] bool bad(const GuestMemory& memory) const {
    return trapped_ || !memory.range(last_.address, last_.size, last_.align);
  }

 private:
  struct Block {
    std::uint64_t address = 0, size = 0;
    std::uint32_t align = 1;
  };
  Block last_;
  bool trapped_ = false;
};

/// Handles on their way to a side whose class for them is another one. Faces that are lent live as long as
/// this.
class Crossing {
 public:
  explicit Crossing(const Twins* twins) : twins_(twins) {}

  /// Owns what it returns.
  Result<Rep> give(Rep rep, HostTypeTag to) const {
    if (twins_ == nullptr) return rep;
    const auto* twin = twins_->find(*to_object(rep), to);
    if (twin == nullptr) return rep;
    const std::unique_ptr<HostResource> old(to_object(rep));
    return to_rep(TRY(twin->convert(*old)).release());
  }
  Result<Rep> lend(Rep rep, HostTypeTag to) {
    if (twins_ == nullptr) return rep;
    const auto* twin = twins_->find(*to_object(rep), to);
    if (twin == nullptr) return rep;
    lent_.push_back(TRY(twin->lend(*to_object(rep))));
    return to_rep(lent_.back().get());
  }

 private:
  const Twins* twins_;  // null: none are needed
  std::vector<std::unique_ptr<HostResource>> lent_;
};

/// The provider's side of a call: representations of its own resources leave as proxies and come back as
/// numbers.
class ProviderSide final : public Side {
 public:
  ProviderSide(CallSide& inner, Crossing& crossing)
      : Side(inner.encoding(), inner.pointer()),
        inner_(inner),
        tree_(inner.instance().tree()),
        crossing_(crossing) {}

  GuestMemory memory() override { return inner_.memory(); }
  Result<std::uint64_t> realloc(std::uint64_t old_address, std::uint64_t old_size, std::uint32_t align,
                                std::uint64_t new_size) override {
    return allocations_.kept(inner_.realloc(old_address, old_size, align, new_size), align, new_size);
  }
  Result<Rep> lift_own(ResourceId resource, std::uint32_t handle) override {
    const Rep rep = TRY(inner_.lift_own(resource, handle));
    if (!owned(resource)) return rep;
    return to_rep(new ProviderObject(tree_.shared_from_this(), resource, rep));
  }
  Result<Rep> lift_borrow(ResourceId resource, std::uint32_t handle) override {
    return inner_.lift_borrow(resource, handle);
  }
  Result<std::uint32_t> lower_own(ResourceId resource, Rep rep) override {
    if (!owned(resource)) {
      const Rep given = TRY(crossing_.give(rep, tree_.binding(resource).tag));
      return lower_object(inner_, resource, given);
    }
    const std::unique_ptr<ProviderObject> proxy(as_proxy(rep));
    const auto handle = TRY(inner_.lower_own(resource, TRY(unwrap(*proxy))));
    proxy->disown();
    return handle;
  }
  Result<std::uint32_t> lower_borrow(ResourceId resource, Rep rep) override {
    if (!owned(resource)) {
      const Rep lent = TRY(crossing_.lend(rep, tree_.binding(resource).tag));
      return inner_.lower_borrow(resource, lent);
    }
    return inner_.lower_borrow(resource, TRY(unwrap(*as_proxy(rep))));
  }
  // Streams and futures are no resources of anybody: they cross as they are.
  Result<Rep> lift_channel(const Type& type, std::uint32_t handle) override {
    return inner_.lift_channel(type, handle);
  }
  Result<std::uint32_t> lower_channel(const Type& type, Rep channel) override {
    return inner_.lower_channel(type, channel);
  }
  Result<std::string> lift_error_context(std::uint32_t handle) override {
    return inner_.lift_error_context(handle);
  }
  Result<std::uint32_t> lower_error_context(std::string message) override {
    return inner_.lower_error_context(std::move(message));
  }

  /// A failed transfer into this side failed because of it.
  [[nodiscard]] bool at_fault() { return allocations_.bad(inner_.memory()); }

 private:
  bool owned(ResourceId resource) const { return tree_.binding(resource).kind == ResourceBinding::Kind::own; }
  static ProviderObject* as_proxy(Rep rep) { return static_cast<ProviderObject*>(to_object(rep)); }
  Result<Rep> unwrap(const ProviderObject& proxy) const { return proxy.rep_in(tree_); }

  CallSide& inner_;
  Tree& tree_;
  Crossing& crossing_;
  Allocations allocations_;
};

/// The caller's side of results, which knows afterwards whether a failure was its own.
class ReceivingSide final : public Side {
 public:
  ReceivingSide(CallSide& inner, Crossing& crossing)
      : Side(inner.encoding(), inner.pointer()), inner_(inner), crossing_(crossing) {}

  GuestMemory memory() override { return inner_.memory(); }
  Result<std::uint64_t> realloc(std::uint64_t old_address, std::uint64_t old_size, std::uint32_t align,
                                std::uint64_t new_size) override {
    return allocations_.kept(inner_.realloc(old_address, old_size, align, new_size), align, new_size);
  }
  Result<Rep> lift_own(ResourceId resource, std::uint32_t handle) override {
    return inner_.lift_own(resource, handle);
  }
  Result<Rep> lift_borrow(ResourceId resource, std::uint32_t handle) override {
    return inner_.lift_borrow(resource, handle);
  }
  Result<std::uint32_t> lower_own(ResourceId resource, Rep rep) override {
    const Rep given = TRY(crossing_.give(rep, inner_.instance().tree().binding(resource).tag));
    auto handle = lower_object(inner_, resource, given);
    full_ |= !handle;
    return handle;
  }
  Result<std::uint32_t> lower_borrow(ResourceId resource, Rep rep) override {
    return inner_.lower_borrow(resource, rep);
  }

  Result<Rep> lift_channel(const Type& type, std::uint32_t handle) override {
    return inner_.lift_channel(type, handle);
  }
  Result<std::uint32_t> lower_channel(const Type& type, Rep channel) override {
    return inner_.lower_channel(type, channel);
  }
  Result<std::string> lift_error_context(std::uint32_t handle) override {
    return inner_.lift_error_context(handle);
  }
  Result<std::uint32_t> lower_error_context(std::string message) override {
    return inner_.lower_error_context(std::move(message));
  }

  [[nodiscard]] bool at_fault() { return full_ || allocations_.bad(inner_.memory()); }

 private:
  CallSide& inner_;
  Crossing& crossing_;
  Allocations allocations_;
  bool full_ = false;  // no handle could be added
};

class Matcher final : public TypeMatcher {
 public:
  Matcher(const ResourceTags& tags, const Linked& provider, const Twins* twins)
      : tags_(tags), provider_(provider), twins_(twins) {}

  /// The importer's resources that are other classes for the provider.
  [[nodiscard]] const std::set<std::uint32_t>& twinned() const noexcept { return twinned_; }

 private:
  bool same(ResourceId mine, ResourceId theirs) override {
    if (tags_.tag(mine) == tag_of(provider_, theirs)) return true;
    if (twins_ == nullptr || !twins_->related(tags_.tag(mine), tag_of(provider_, theirs))) return false;
    twinned_.insert(mine.value);
    return true;
  }
  const ResourceTags& tags_;
  const Linked& provider_;
  const Twins* twins_;
  std::set<std::uint32_t> twinned_;
};

/// Handles that would have to become another class where they cannot: lent beyond the call's own frame, or in
/// a stream or future.
bool stuck(const std::set<std::uint32_t>& twinned, const Type* type, bool lasting_loans, bool in_channel) {
  if (type == nullptr || !type->contains_handle) return false;
  const auto inside = [&](const Type* part, bool channel) {
    return stuck(twinned, part, lasting_loans, channel);
  };
  switch (type->kind) {
    case Kind::own:
      return in_channel && twinned.contains(type->resource.value);
    case Kind::borrow:
      return (in_channel || lasting_loans) && twinned.contains(type->resource.value);
    case Kind::stream:
    case Kind::future:
      return inside(type->element, true);
    default:
      return inside(type->element, in_channel) || inside(type->second, in_channel) ||
             std::ranges::any_of(type->members,
                                 [&](const Member& member) { return inside(member.type, in_channel); });
  }
}

constexpr std::array kEncodings{ast::StringEncoding::utf8, ast::StringEncoding::utf16,
                                ast::StringEncoding::latin1_utf16};

struct PlanPair {
  TransferPlan params, results;
};

/// The interface's own error on its way to a caller that waits for its provider's answer: it is put into the
/// caller's memory when nothing else is inside its tree.
class CrashReport final : public Callee, public std::enable_shared_from_this<CrashReport> {
 public:
  using Write = std::move_only_function<Result<>(Subtask& subtask)>;
  CrashReport(Subtask& subtask, Write write) : subtask_(&subtask), write_(std::move(write)) {}

  void send() {
    subtask_->callee = this;
    subtask_->caller().tree().enter_later([self = shared_from_this()]() -> Result<> {
      return self->subtask_ != nullptr ? self->write_(*self->subtask_) : Result<>{};
    });
  }
  Result<> request_cancellation(ComponentInstance*) override { return {}; }
  void abandon() noexcept override { subtask_ = nullptr; }

 private:
  Subtask* subtask_;
  Write write_;
};

class ComponentFunction final : public HostFunction, public Marshalling {
 public:
  ComponentFunction(const ProviderRef& from, const Lift& lift, const ImportedFunc& import, StandIn::Exit exit,
                    std::shared_ptr<const Twins> twins)
      : from_(from),
        lift_(lift),
        lowered_(flatten(*import.type, Direction::lower, PointerSize::p32)),
        export_(fmt::format("{}", fmt::join(import.path, "#"))),
        crash_error_(find_crash_error(import.path[0], lift.type->result)),
        exit_is_result_(exit == StandIn::Exit::is_result),
        twins_(std::move(twins)) {
    routed_ =
        !lift.type->params.empty() &&
        (lift.type->params[0].type->kind == Kind::borrow || lift.type->params[0].type->kind == Kind::own) &&
        from_.provider->linked->resources[lift.type->params[0].type->resource.value].kind ==
            ResourceBinding::Kind::own;
  }

  /// Plans for each encoding the caller may use, and for both ways to lower a function of an async type.
  Result<> compile(const FuncType& caller) {
    TRY(compile(caller, lowered_));
    if (caller.async)
      TRY(compile(caller, flatten(caller, Direction::lower, PointerSize::p32, CallStyle::async)));
    return {};
  }

  Result<> compile(const FuncType& caller, const Signature& lowered) {
    std::vector<const Type*> mine, theirs, my_result, their_result;
    for (const auto& param : caller.params) mine.push_back(param.type);
    for (const auto& param : lift_.type->params) theirs.push_back(param.type);
    if (caller.result != nullptr) my_result.push_back(caller.result);
    if (lift_.type->result != nullptr) their_result.push_back(lift_.type->result);
    const auto place = [](bool indirect) { return indirect ? Place::memory : Place::flat; };
    for (const auto encoding : kEncodings) {
      auto params = TRY(TransferPlan::compile(mine, place(lowered.indirect_params), PointerSize::p32,
                                              encoding, theirs, place(lift_.signature.indirect_params),
                                              lift_.options.pointer, lift_.options.encoding));
      auto results = TRY(TransferPlan::compile(their_result, place(lift_.signature.indirect_results),
                                               lift_.options.pointer, lift_.options.encoding, my_result,
                                               place(lowered.indirect_results), PointerSize::p32, encoding));
      plans_.push_back({std::move(params), std::move(results)});
    }
    return {};
  }

  bool matches(const FuncType&, const ResourceTags&) const override { return true; }
  std::string describe() const override { return component::describe(*lift_.type); }

  Result<> call(Caller& caller, CallSide& side, FlatSpan values) const override {
    GuestRun& run = caller.tree().run();
    auto fault = Fault::caller;
    auto outcome = attempt(caller, side, values, run, fault);
    if (outcome) [[likely]]
      return outcome;
    if (fault == Fault::caller || run.cancelled()) return outcome;
    const auto instead = survived(caller.tree(), outcome.error());
    if (!instead) return outcome;
    forget_poisoned(caller);
    return report(side, lowered_, values, *instead);
  }

  Result<> begin(Subtask& subtask) const override {
    Caller caller(subtask.caller());
    GuestRun& run = caller.tree().run();
    auto fault = Fault::caller;
    Result<Target> tree = fail(Errc::internal, "no call yet");
    {
      CallSide side(subtask.caller(), subtask.lower().options, nullptr);
      tree = target(caller, side, subtask.values(), run, fault);
    }
    Result<> outcome;
    if (tree) {
      fault = Fault::provider;
      Session::of(caller.tree(), from_).watch(*tree->tree, from_.provider);
      subtask.marshalling = this;
      outcome = tree->tree->call_from_outside(subtask, lift_);
    } else {
      outcome = std::unexpected(tree.error());
    }
    if (outcome) [[likely]]
      return outcome;
    if (fault == Fault::caller || run.cancelled()) return outcome;
    const auto instead = survived(caller.tree(), outcome.error());
    if (!instead) return outcome;
    forget_poisoned(caller);
    return write_instead(subtask, *instead);
  }

  Result<> params(CallSide& caller, FlatSpan from, CallSide& callee, FlatSpan to) const override {
    Crossing crossing(twins_.get());
    ProviderSide provider(callee, crossing);
    return plans(caller).params.run(caller, from, provider, to, TransferPlan::Target::allocate);
  }

  Result<> results(CallSide& callee, FlatSpan from, CallSide& caller, FlatSpan to) const override {
    Crossing crossing(twins_.get());
    ProviderSide provider(callee, crossing);
    ReceivingSide receiver(caller, crossing);
    return plans(caller).results.run(provider, from, receiver, to, TransferPlan::Target::given);
  }

  bool absorbs(Subtask& subtask, const Error& error) const override {
    if (subtask.caller().tree().poisoned()) return false;
    auto instead = survived(subtask.caller().tree(), error);
    if (!instead) return false;
    std::make_shared<CrashReport>(subtask, [this, value = *std::move(instead)](Subtask& of) {
      return write_instead(of, value);
    })->send();
    return true;
  }

 private:
  /// Whose tree ends with a failed call.
  enum class Fault : std::uint8_t { caller, provider };

  [[nodiscard]] const PlanPair& plans(const CallSide& caller) const {
    const std::size_t style = caller.options().async ? kEncodings.size() : 0;
    return plans_[style + static_cast<std::size_t>(caller.encoding())];
  }

  /// What the caller gets for a result when the provider has ended so; nothing: its own end.
  std::optional<Value> result_instead(const Error& error) const {
    if (exit_is_result_ && error.code() == Errc::guest_exit)
      return Value{Value::Case{.index = error.exit_status() == 0 ? 0U : 1U, .payload = nullptr}};
    if (!crash_error_ || !is_crash(error)) return std::nullopt;
    return crash_error_->value(
        fmt::format("the component {} trapped: {}", from_.provider->name, error.message()));
  }

  /// As result_instead(). The operator is told of a crash that the caller survives, unless somebody has told
  /// before; one that it does not survive is its own end.
  std::optional<Value> survived(Tree& caller, const Error& error) const {
    auto instead = result_instead(error);
    const bool untold = Session::of(caller, from_).claim();
    const Provider& provider = *from_.provider;
    if (instead && untold && provider.on_crash && is_news(error))
      provider.on_crash(Error(error).in(provider.name).with("export", export_));
    return instead;
  }

  /// Ends a call with such a result. Inside the caller's tree.
  Result<> write_instead(Subtask& subtask, const Value& value) const {
    CallSide side(subtask.caller(), subtask.lower().options, nullptr);
    const Signature& signature = subtask.lower().signature;
    if (subtask.state() == Subtask::State::starting) subtask.begin();
    TRY(report(side, signature, subtask.values(), value));
    subtask.finish(Subtask::State::returned);
    return {};
  }

  Result<> attempt(Caller& caller, CallSide& side, FlatSpan values, GuestRun& run, Fault& fault) const {
    const Target tree = TRY(target(caller, side, values, run, fault));
    fault = Fault::provider;
    const PlanPair& plans = plans_[static_cast<std::size_t>(side.encoding())];
    Crossing crossing(twins_.get());
    const FlatSpan returned =
        lowered_.indirect_results ? values.subspan(lowered_.params.size() - 1, 1) : values;
    return tree.tree->call(
        run, lift_,
        [&](CallSide& inner, FlatSpan callee) {
          ProviderSide to(inner, crossing);
          auto passed = plans.params.run(side, values, to, callee, TransferPlan::Target::allocate);
          if (!passed && !to.at_fault()) fault = Fault::caller;
          return passed;
        },
        [&](CallSide& inner, FlatSpan callee) -> Result<> {
          ProviderSide from(inner, crossing);
          if (!crash_error_ && !twins_)
            return plans.results.run(from, callee, side, returned, TransferPlan::Target::given);
          ReceivingSide to(side, crossing);
          auto passed = plans.results.run(from, callee, to, returned, TransferPlan::Target::given);
          if (!passed && to.at_fault()) fault = Fault::caller;
          return passed;
        });
  }

  /// False for what ends the caller too: the guest asked to end the whole command, or called back into
  /// itself.
  static bool is_crash(const Error& error) {
    return error.code() != Errc::guest_exit && error.code() != Errc::trap_reentrance;
  }

  /// Writes a value where the caller expects its result.
  Result<> report(CallSide& side, const Signature& lowered, FlatSpan values, const Value& value) const {
    const Type* type = lift_.type->result;
    if (!lowered.indirect_results) return lower_value(side, type, value, values);
    const Layout layout = type->at(side.pointer());
    const auto address = static_cast<std::uint32_t>(values[lowered.params.size() - 1].i32);
    TRY(side.memory().range(address, layout.size, layout.align));
    return store_value(side, type, value, address);
  }

  void forget_poisoned(Caller& caller) const { Session::of(caller.tree(), from_).forget_poisoned(); }

  /// The first parameter, wherever the parameters lie.
  Result<std::uint32_t> first_handle(CallSide& side, FlatSpan values) const {
    const auto word = static_cast<std::uint32_t>(values[0].i32);
    const std::size_t flat = side.options().async ? kMaxFlatAsyncParams : kMaxFlatParams;
    std::size_t count = 0;
    for (const auto& param : lift_.type->params) count += param.type->flat_count;
    if (count <= flat) return word;
    const auto bytes = TRY(side.memory().range(word, sizeof(std::uint32_t), alignof(std::uint32_t)));
    return load<std::uint32_t>(bytes.data());
  }

  /// The tree that runs a call. The caller's session keeps its own: nobody else enters the caller's tree,
  /// which alone replaces it, while a call from there is on the stack.
  struct Target {
    Tree* tree;
    std::shared_ptr<Tree> keep = nullptr;  // of a method whose handle may end with the call
  };

  /// The one a method's own handle belongs to; else the caller's session, made anew after max_invocations
  /// calls unless handles tie it to its state.
  Result<Target> target(Caller& caller, CallSide& side, FlatSpan values, GuestRun& run, Fault& fault) const {
    if (routed_) {
      const auto handle = TRY(first_handle(side, values));
      const Handle* entry = TRY(side.instance().handles().get(handle));
      const auto tag = tag_of(*from_.provider->linked, lift_.type->params[0].type->resource);
      if (!entry->is_resource() || caller.tree().linked().resources[entry->resource].tag != tag)
        return fail(Errc::trap_handle, "handle index {} used with the wrong type", handle);
      const auto& own = static_cast<ProviderObject*>(to_object(entry->rep))->tree();
      return Target{.tree = own.get(), .keep = own};
    }
    fault = Fault::provider;
    return Target {
      .tree = TRY(Session::of(caller.tree(), from_).next(*from_.provider, caller.tree(), run))
    };
  }

  ProviderRef from_;
  const Lift& lift_;
  Signature lowered_;
  std::vector<PlanPair> plans_;
  std::string export_;  // for messages
  std::optional<CrashError> crash_error_;
  bool exit_is_result_;
  std::shared_ptr<const Twins> twins_;  // null: both sides know the same classes
  bool routed_ = false;                 // the first parameter is a handle of the provider's own resource
};

}  // namespace

const ExportItem* find_item(const Plan& plan, const std::vector<std::string>& path) {
  const ExportItem* item = plan.exported.find(path[0]);
  if (item == nullptr) {
    const std::string wanted = canonical_name(path[0]);
    for (const auto& [name, candidate] : plan.exported.exports)
      if (canonical_name(name) == wanted) item = &candidate;
  }
  for (std::size_t i = 1; item != nullptr && i < path.size(); ++i) {
    const auto* instance = std::get_if<std::shared_ptr<const ExportedInstance>>(&item->item);
    item = instance != nullptr ? (*instance)->find(path[i]) : nullptr;
  }
  return item;
}

HostTypeTag provider_resource(const Provider& provider, const std::vector<std::string>& path) {
  const ExportItem* item = find_item(*provider.linked->plan, path);
  const auto* resource = item != nullptr ? std::get_if<ResourceId>(&item->item) : nullptr;
  return resource != nullptr ? tag_of(*provider.linked, *resource) : nullptr;
}

bool defines_resource(const Provider& provider, std::string_view interface, std::string_view name) {
  const ExportItem* item = find_item(*provider.linked->plan, {std::string(interface), std::string(name)});
  const auto* resource = item != nullptr ? std::get_if<ResourceId>(&item->item) : nullptr;
  return resource != nullptr &&
         provider.linked->resources[resource->value].kind == ResourceBinding::Kind::own;
}

namespace {

Result<std::shared_ptr<const HostFunction>> bind_export(const ProviderRef& from, const ImportedFunc& import,
                                                        const ResourceTags& tags, const ExportItem* item,
                                                        const FuncType& expected, StandIn::Exit exit,
                                                        std::shared_ptr<const Twins> twins) {
  const Linked& provider = *from.provider->linked;
  const auto* func = item != nullptr ? std::get_if<FuncRef>(&item->item) : nullptr;
  if (func == nullptr)
    return fail(Errc::import_type, "{} exports {} as something other than a function", from.provider->name,
                import.path.back());
  Matcher matcher(tags, provider, twins.get());
  bool fits = matcher.equal(expected, *func->type);
  if (matcher.twinned().empty()) twins = nullptr;
  if (fits && twins) {
    fits = !stuck(matcher.twinned(), expected.result, false, false) &&
           std::ranges::none_of(expected.params, [&](const Param& param) {
             return stuck(matcher.twinned(), param.type, expected.async, false);
           });
  }
  if (!fits)
    return std::unexpected(
        Error(Errc::import_type, fmt::format("{} exports {} with another type than the component expects",
                                             from.provider->name, import.path.back()))
            .with("expected", component::describe(*import.type))
            .with("provided", component::describe(*func->type)));
  if (func->from == FuncRef::From::import) {
    if (func->type->async != import.type->async || twins)
      return fail(Errc::import_type, "{} exports {} of another component, which has to be named itself",
                  from.provider->name, import.path.back());
    return provider.functions[func->index];
  }
  auto function = std::make_shared<ComponentFunction>(from, provider.plan->lifts[func->index], import, exit,
                                                      std::move(twins));
  TRY(function->compile(*import.type));
  return function;
}

}  // namespace

Result<std::shared_ptr<const HostFunction>> bind_component_function(const ProviderRef& from,
                                                                    const ImportedFunc& import,
                                                                    const ResourceTags& tags,
                                                                    std::shared_ptr<const Twins> twins) {
  return bind_export(from, import, tags, find_item(*from.provider->linked->plan, import.path), *import.type,
                     StandIn::Exit::ends_caller, std::move(twins));
}

Result<std::shared_ptr<const HostFunction>> bind_stand_in(const ProviderRef& from, const ImportedFunc& import,
                                                          const ResourceTags& tags, const StandIn& stand_in) {
  const auto* item = find_item(*from.provider->linked->plan, stand_in.path);
  FuncType expected = *import.type;
  if (const auto* func = item != nullptr ? std::get_if<FuncRef>(&item->item) : nullptr)
    expected.async = func->type->async;
  return bind_export(from, import, tags, item, expected, stand_in.exit, stand_in.twins);
}

}  // namespace wisp::component
