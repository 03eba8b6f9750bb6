#include "component/link/component.hpp"

#include "component/binary/core_module.hpp"
#include "component/binary/decoder.hpp"
#include "component/instance/planner.hpp"

namespace wisp::component {

namespace {

constexpr std::string_view kPreview1 = "wasi_snapshot_preview1";

/// Which kind of core module this is, for the advice in the message.
Error refuse_core_module(std::span<const std::byte> binary) {
  decoding::Session session{.binary = binary, .limits = {}};
  const auto module = decoding::read_core_module(decoding::Reader(session, binary));
  if (module &&
      std::ranges::find(module->imports, kPreview1, &ast::CoreImport::module) != module->imports.end())
    return Error(Errc::preview1_module, "the file is a core module for WASI preview 1, not a component")
        .with("try", "run it again with --adapter");
  return Error(Errc::core_module, "the file is a core WebAssembly module, not a component")
      .with("try",
            "build a component: most toolchains do with the target wasm32-wasip2, or run `wasm-tools "
            "component new`");
}

Result<> check_kind(std::span<const std::byte> binary) {
  switch (sniff(binary)) {
    case BinaryKind::component:
      return {};
    case BinaryKind::core_module:
      return std::unexpected(refuse_core_module(binary));
    case BinaryKind::unknown_version:
      return std::unexpected(
          Error(Errc::unsupported_version,
                "the file is WebAssembly of a version that this release does not know")
              .with("try", "a newer wisp, or a toolchain that emits the component model's version 0d"));
    case BinaryKind::not_wasm:
      break;
  }
  return std::unexpected(Error(Errc::not_wasm, "the file is not WebAssembly: it does not begin with \\0asm")
                             .with("try", "give the path of a component, usually NAME.wasm"));
}

constexpr std::string_view kValidated = "validated";

}  // namespace

Result<std::shared_ptr<Component>> Component::decode(std::vector<std::byte> binary, const Options& options) {
  TRY(check_kind(binary));
  auto component = std::shared_ptr<Component>(new Component);
  component->binary_ = std::move(binary);
  component->features_ = options.features;
  // A component that passed the gate once is found by its content: validating tens of megabytes takes longer
  // than everything else a warm start does.
  bool validated = false;
  if (options.cache != nullptr) {
    component->key_ = options.cache->key(component->binary_, fmt::format("component-{:x}", options.features));
    validated = options.cache->find(component->key_).has_value();
  }
  if (!validated) {
    TRY(engine::validate(component->binary_, options.features));
    if (options.cache != nullptr) [[maybe_unused]]
      const auto kept = options.cache->put(component->key_, std::as_bytes(std::span(kValidated)));
  }
  component->syntax_ = TRY(component::decode(component->binary_));
  component->plan_ = component::plan(component->syntax_);
  if (!component->plan_ && component->plan_.error().code() != Errc::unsupported_feature)
    return std::unexpected(component->plan_.error());
  return component;
}

Result<> Component::compile(const engine::Engine& engine, const Options& options) {
  if (!plan_) return {};
  for (std::size_t index = 0; index < plan_->modules.size(); ++index) {
    // The component's key stands for its modules: its bytes are hashed once.
    std::string key;
    if (options.cache != nullptr)
      key = options.cache->key(std::as_bytes(std::span(key_)), fmt::format("module-{}", index));
    modules_.push_back(
        TRY(engine::load_or_compile(engine, options.cache, key, plan_->modules[index]->bytes)));
  }
  return {};
}

Result<std::shared_ptr<const Component>> Component::load(const engine::Engine& engine,
                                                         std::vector<std::byte> binary,
                                                         const Options& options) {
  auto component = TRY(decode(std::move(binary), options));
  TRY(component->compile(engine, options));
  return component;
}

Result<std::shared_ptr<const Component>> Component::assemble(
    std::vector<std::byte> binary, engine::Features features,
    std::vector<std::shared_ptr<const engine::Module>> modules) {
  auto component = TRY(decode(std::move(binary), {.features = features, .cache = nullptr}));
  if (component->plan_ && component->plan_->modules.size() != modules.size())
    return fail(Errc::precompiled_foreign, "the artifact holds {} modules where its component has {}",
                modules.size(), component->plan_->modules.size());
  component->modules_ = std::move(modules);
  return component;
}

}  // namespace wisp::component
