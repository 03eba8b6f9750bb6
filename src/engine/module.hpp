#pragma once

#include "engine/engine.hpp"

#include <filesystem>
#include <vector>

namespace wisp::engine {

/// A compiled core module. Immutable, shared between threads.
class Module {
 public:
  /// Compiles on the calling thread. Errc::compile_failed.
  [[nodiscard]] static Result<std::shared_ptr<const Module>> compile(const Engine& engine,
                                                                     std::span<const std::byte> wasm);
  /// Maps a file that serialize() wrote on this machine with these settings. The file is native code: the
  /// caller vouches for it. Errc::precompiled_foreign if another engine or machine made it.
  [[nodiscard]] static Result<std::shared_ptr<const Module>> load(const Engine& engine,
                                                                  const std::filesystem::path& file);
  [[nodiscard]] static Result<std::shared_ptr<const Module>> load(const Engine& engine,
                                                                  std::span<const std::byte> artifact);
  [[nodiscard]] Result<std::vector<std::byte>> serialize() const;

  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  [[nodiscard]] const wasmtime_module_t* raw() const noexcept { return module_; }

 private:
  explicit Module(wasmtime_module_t* module) : module_(module) {}
  wasmtime_module_t* module_;
};

}  // namespace wisp::engine
