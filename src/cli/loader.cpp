#include "cli/loader.hpp"

#include "cli/failure.hpp"
#include "cli/file.hpp"
#include "cli/help.hpp"
#include "component/binary/decoder.hpp"
#include "component/link/artifact.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace wisp::cli {
namespace {

struct Feature {
  std::string_view name;
  engine::Features bit;
};
constexpr std::array kFeatures{
    Feature{"more-async-builtins", WISP_FEATURE_MORE_ASYNC},
    Feature{"memory64", WISP_FEATURE_MEMORY64},
    Feature{"error-context", WISP_FEATURE_ERROR_CONTEXT},
    Feature{"fixed-lists", WISP_FEATURE_FIXED_LISTS},
    Feature{"stackful", WISP_FEATURE_STACKFUL},
    Feature{"threading", WISP_FEATURE_THREADING},
};

std::string feature_names() {
  std::vector<std::string_view> names;
  for (const auto& feature : kFeatures) names.push_back(feature.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The error of decoding, with what the file seems to be.
Error explained(const std::string& path, Error error, std::span<const std::byte> bytes) {
  constexpr std::array kMagic{std::byte{0}, std::byte{'a'}, std::byte{'s'}, std::byte{'m'}};
  if (error.code() == Errc::not_wasm && bytes.size() < 8 &&
      std::ranges::equal(bytes.first(std::min(bytes.size(), kMagic.size())), kMagic))
    error = Error(Errc::malformed,
                  fmt::format("{} ends after {} bytes, within its preamble", path, bytes.size()));
  if (error.code() == Errc::not_wasm) {
    if (auto guess = guess_kind(bytes); !guess.what.empty())
      return Error(Errc::not_wasm, fmt::format("{} is not WebAssembly but {}", path, guess.what))
          .with("try", std::move(guess.advice));
  }
  const bool advised =
      std::ranges::any_of(error.details(), [](const auto& detail) { return detail.label == "try"; });
  Error named = about(path, error);
  if (!advised && (error.code() == Errc::malformed || error.code() == Errc::invalid))
    named.add("try",
              "copy or build it again: it is cut off, damaged, or made by a tool that does not follow the "
              "standard");
  return named;
}

}  // namespace

void LoadOptions::declare(CLI::App& app) {
  constexpr auto* group = "Loading";
  app.add_flag("--adapter", adapter,
               "take a core module for WASI preview 1 too, by wrapping it into a component (default: off)")
      ->group(group);
  add_repeatable(
      app, "--features", features,
      fmt::format("turn a feature of the component model on that is off by default: {} (default: none)",
                  feature_names()))
      ->type_name("NAME")
      ->group(group);
  app.add_flag("--no-cache", no_cache,
               "compile anew, keep nothing; else compiled code is kept in $WISP_CACHE/aot, ~/.cache/wisp/aot "
               "(default: off)")
      ->group(group);
}

void LoadOptions::declare_with_precompiled(CLI::App& app) {
  declare(app);
  app.add_flag("--allow-precompiled", allow_precompiled,
               "take files made by wisp compile; they are native code that nothing checks (default: off)")
      ->group("Loading");
}

Result<engine::Features> parse_features(const std::vector<std::string>& names) {
  engine::Features bits = 0;
  for (const auto& name : names) {
    const auto known = std::ranges::find(kFeatures, name, &Feature::name);
    if (known == kFeatures.end())
      return std::unexpected(Error(Errc::usage, fmt::format("--features {}: there is no such feature", name))
                                 .with("known", feature_names()));
    bits |= known->bit;
  }
  return bits;
}

Result<Loader> Loader::make(std::shared_ptr<engine::Engine> engine, LoadOptions options,
                            const Console& console) {
  Loader loader;
  loader.features_ = TRY(parse_features(options.features));
  if (!options.no_cache) {
    auto cache = engine::AotCache::open(*engine, {});
    if (cache) {
      loader.cache_.emplace(*std::move(cache));
    } else if (console.err.is_terminal()) {
      console.err.write(fmt::format("{}: {}; compiled code is not kept\n",
                                    console.err.paint(Style::label, "note"), cache.error().message()));
    }
  }
  loader.engine_ = std::move(engine);
  loader.options_ = std::move(options);
  return loader;
}

component::Component::Options Loader::component_options() const {
  return {.features = features_, .cache = cache_ ? &*cache_ : nullptr};
}

Result<std::vector<std::byte>> Loader::read(const std::string& path) const {
  auto bytes = TRY(read_file(path));
  if (!options_.adapter || component::sniff(bytes) != component::BinaryKind::core_module) return bytes;
  auto adapted = engine::adapt(bytes);
  if (adapted) return adapted;
  return std::unexpected(about(path, adapted.error()));
}

template <class Make>
Result<std::shared_ptr<const component::Component>> Loader::take(const std::string& path, Make make) const {
  auto bytes = TRY(read(path));
  if (component::is_artifact(bytes)) {
    if (!options_.allow_precompiled)
      return std::unexpected(
          Error(Errc::precompiled_refused,
                fmt::format("{} is precompiled: native code that nothing checks", path))
              .with("try", "if you made it yourself, run it again with --allow-precompiled"));
    auto component = component::read_artifact(*engine_, bytes);
    if (!component) return std::unexpected(about(path, component.error()));
    return component;
  }
  // The bytes go into the component; what a failure wants to know of them is at their beginning.
  const std::vector<std::byte> head(bytes.begin(),
                                    bytes.begin() + std::min<std::ptrdiff_t>(bytes.size(), 512));
  auto component = make(std::move(bytes));
  if (!component) return std::unexpected(explained(path, std::move(component).error(), head));
  return component;
}

Result<std::shared_ptr<const component::Component>> Loader::decode(const std::string& path) const {
  return take(path, [&](auto bytes) -> Result<std::shared_ptr<const component::Component>> {
    return TRY(component::Component::decode(std::move(bytes), component_options()));
  });
}

Result<std::shared_ptr<const component::Component>> Loader::load(const std::string& path) const {
  return take(path, [&](auto bytes) {
    return component::Component::load(*engine_, std::move(bytes), component_options());
  });
}

}  // namespace wisp::cli
