#pragma once

#include "engine/engine.hpp"
#include "engine/fiber.hpp"
#include "engine/module.hpp"

#include <span>

namespace wisp::engine {

/// Limits of one store, all core instances in it together.
struct StoreLimits {
  std::uint64_t memory_bytes = 256ull << 20;  ///< all linear memories, and the GC heap
  std::uint64_t table_elements = 1'000'000;   ///< all tables
  std::uint64_t instances = 1'000;            ///< core instances
  std::uint64_t memories = 100;               ///< linear memories
  std::uint64_t tables = 1'000;
};

/// What the epoch callback asks once a tick while guest code of the store runs. Implemented by the tree of
/// instances.
class Preemption {
 public:
  /// Runs on the guest's fiber (or the thread's own stack). May park the fiber and return later. An error
  /// ends the guest with a trap.
  [[nodiscard]] virtual Result<> tick() = 0;

 protected:
  ~Preemption() = default;
};

/// A wasmtime store with our limits and preemption. One a tree of component instances; lives on one shard.
/// All its fibers are finished before it is destroyed.
class Store {
 public:
  /// `data` is what wasmtime_context_get_data returns in host functions; `preemption` may be null (never
  /// preempted; the epoch deadline is then out of reach).
  Store(const Engine& engine, void* data, StoreLimits limits, Preemption* preemption);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] wasmtime_context_t* context() const noexcept { return context_; }

  /// Calls a core function whose parameters and results share `values` (unchecked C API). A trap becomes an
  /// Error.
  [[nodiscard]] Result<> call(const wasmtime_func_t& function, wasmtime_val_raw_t* values, std::size_t count);

  /// Instantiates `module`; `imports` in the order of its import section. The start function runs here, on
  /// the calling stack. Traps as in call(); Errc::no_capacity, out_of_mappings, memory_limit, trap_limit;
  /// Errc::instantiation when the imports do not fit.
  [[nodiscard]] Result<wasmtime_instance_t> instantiate(const Module& module,
                                                        std::span<const wasmtime_extern_t> imports);

  /// Puts the next tick() a full epoch away. For the start of a task in a store that was idle: without it the
  /// ticks that passed meanwhile lead to one tick() at once. Never within a task: a guest could put its
  /// preemption off with it.
  void begin_slice() noexcept;

  [[nodiscard]] std::uint64_t memory_used() const noexcept { return limits_.memory_used; }
  [[nodiscard]] std::uint64_t growths_denied() const noexcept { return limits_.denied; }

 private:
  static wasmtime_error_t* epoch(wasmtime_context_t* context, void* self, std::uint64_t* delta,
                                 wasmtime_update_deadline_kind_t* kind);
  void arm() noexcept;
  [[nodiscard]] Error failure(wasmtime_error_t* error, wasm_trap_t* trap) noexcept;

  wisp_limits_t limits_;
  wasmtime_store_t* store_ = nullptr;
  wasmtime_context_t* context_ = nullptr;
  Preemption* preemption_;
};

}  // namespace wisp::engine
