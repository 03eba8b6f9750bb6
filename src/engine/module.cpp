#include "engine/module.hpp"

namespace wisp::engine {
namespace {

const std::uint8_t* bytes(std::span<const std::byte> data) {
  return reinterpret_cast<const std::uint8_t*>(data.data());
}

}  // namespace

Module::~Module() { wasmtime_module_delete(module_); }

Result<std::shared_ptr<const Module>> Module::compile(const Engine& engine, std::span<const std::byte> wasm) {
  wasmtime_module_t* module = nullptr;
  if (auto* error = wasmtime_module_new(engine.raw(), bytes(wasm), wasm.size(), &module)) {
    return fail(Errc::compile_failed, "{}", take_trap(error, nullptr).message());
  }
  return std::shared_ptr<const Module>(new Module(module));
}

Result<std::shared_ptr<const Module>> Module::load(const Engine& engine, const std::filesystem::path& file) {
  wasmtime_module_t* module = nullptr;
  if (auto* error = wasmtime_module_deserialize_file(engine.raw(), file.c_str(), &module)) {
    return fail(Errc::precompiled_foreign, "{}: {}", file.string(), take_trap(error, nullptr).message());
  }
  return std::shared_ptr<const Module>(new Module(module));
}

Result<std::shared_ptr<const Module>> Module::load(const Engine& engine,
                                                   std::span<const std::byte> artifact) {
  wasmtime_module_t* module = nullptr;
  if (auto* error = wasmtime_module_deserialize(engine.raw(), bytes(artifact), artifact.size(), &module)) {
    return fail(Errc::precompiled_foreign, "{}", take_trap(error, nullptr).message());
  }
  return std::shared_ptr<const Module>(new Module(module));
}

Result<std::vector<std::byte>> Module::serialize() const {
  wasm_byte_vec_t out{};
  if (auto* error = wasmtime_module_serialize(module_, &out)) {
    return fail(Errc::compile_failed, "{}", take_trap(error, nullptr).message());
  }
  const auto* first = reinterpret_cast<const std::byte*>(out.data);
  std::vector<std::byte> artifact(first, first + out.size);
  wasm_byte_vec_delete(&out);
  return artifact;
}

}  // namespace wisp::engine
