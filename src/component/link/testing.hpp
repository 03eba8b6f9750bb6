#pragma once

#include "component/link/invoke.hpp"
#include "component/link/linker.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

/// For tests of this folder and those above: an engine, a shard, and real guests from build/guests.
namespace wisp::component::testing {

inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string() + ": run make guests");
  std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  const auto view = std::as_bytes(std::span(bytes));
  return {view.begin(), view.end()};
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// A list of arguments; values do not copy.
template <class... V>
std::vector<Value> values(V&&... value) {
  std::vector<Value> out;
  (out.push_back(Value{std::forward<V>(value)}), ...);
  return out;
}

/// One engine and shard, and a linker to fill. Everything on the calling thread.
class Host {
 public:
  Host() : engine(must(engine::Engine::create({.pooling = false}))), shard(engine) {}

  [[nodiscard]] std::shared_ptr<const Component> load(std::vector<std::byte> binary) const {
    return must(Component::load(*engine, std::move(binary), {}));
  }
  [[nodiscard]] std::shared_ptr<const Component> guest(const std::string& name) const {
    return load(read_file("build/guests/" + name + ".wasm"));
  }
  [[nodiscard]] std::shared_ptr<const Linked> link(
      std::shared_ptr<const Component> component,
      std::span<const std::shared_ptr<const Provider>> providers = {}) const {
    return must(component::link(std::move(component), linker, providers));
  }

  /// Runs work on a fiber until it is done.
  void run(std::move_only_function<void(GuestRun&)> work) {
    GuestRun guest(shard);
    must(guest.start([&] { work(guest); }));
    while (!guest.done()) {
      shard.loop().restart();
      shard.loop().run_one();
    }
  }

  /// Instantiates, calls one export ("name", or "interface#name"), ends.
  [[nodiscard]] Result<std::optional<Value>> invoke(const std::shared_ptr<const Linked>& linked,
                                                    std::string_view name,
                                                    const std::vector<Value>& arguments,
                                                    std::shared_ptr<HostContext> context = nullptr) {
    std::optional<Result<std::optional<Value>>> out;
    run([&](GuestRun& guest) {
      auto tree = Tree::instantiate(linked, guest, limits, std::move(context));
      if (!tree) {
        out.emplace(std::unexpected(tree.error()));
        return;
      }
      const auto hash = name.find('#');
      const Lift* lift = hash == std::string_view::npos
                             ? find_export(*linked, name)
                             : find_export(*linked, name.substr(0, hash), name.substr(hash + 1));
      if (lift == nullptr) {
        out.emplace(fail(Errc::export_missing, "no export {}", name));
        return;
      }
      out.emplace(component::invoke(**tree, guest, *lift, arguments));
    });
    return std::move(*out);
  }

  std::shared_ptr<engine::Engine> engine;
  Shard shard;
  HostLinker linker;
  TreeLimits limits;
};

}  // namespace wisp::component::testing
