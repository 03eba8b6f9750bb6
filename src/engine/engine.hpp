#pragma once

#include "base/result.hpp"

#include <wisp_engine.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wisp::engine {

/// Settings that artifacts depend on, and the size of the pools. Fixed for the life of an Engine. The pools
/// are made smaller than asked for where vm.max_map_count or the address space does not suffice.
struct EngineOptions {
  /// Preallocated slots. False: mappings on demand (tests, huge memories).
  bool pooling = true;
  /// Core instances alive at once, all stores together; a component has about three.
  std::uint32_t max_instances = 48'000;
  /// Linear memories and GC heaps alive at once. Bounded by vm.max_map_count as well.
  std::uint32_t max_memories = 12'000;
  std::uint32_t max_tables = 30'000;
  /// Largest linear memory, and largest table, that a slot can hold.
  std::uint64_t max_memory_bytes = 4ull << 30;
  std::uint32_t max_table_elements = 200'000;
  /// Dirty bytes of a slot that are reset by hand, not by the kernel; the kernel says which those are, if it
  /// can (Linux 6.7). Without scan_dirty_pages, or on older kernels, at most 64 KiB are cleared by hand.
  std::size_t keep_resident = 512 << 10;
  bool scan_dirty_pages = true;
  /// Free slots that keep their module's image mapped, and up to keep_resident bytes each.
  std::uint32_t max_warm_slots = 128;
  /// 1: compile on the calling thread alone. Otherwise one thread a core helps.
  std::uint32_t compile_threads = 0;
};

/// What the pools hold at the moment.
struct PoolUse {
  std::uint64_t instances = 0;
  std::uint64_t memories = 0;
  std::uint64_t tables = 0;
  std::uint64_t warm_memories = 0;   ///< free slots that still map an image
  std::uint64_t resident_bytes = 0;  ///< memory kept in free slots
};

/// The core engine: code, types, pools, and the thread that ticks its epoch each millisecond, or not at all
/// while all threads that have a Presence sleep.
///
/// Shared by all shards, reached through them, never a global. Thread-safe. Outlives every Module and Store.
class Engine {
 public:
  /// Errc::system when the machine cannot hold even a small pool.
  [[nodiscard]] static Result<std::shared_ptr<Engine>> create(EngineOptions options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] wasm_engine_t* raw() const noexcept { return engine_; }
  /// As they came to be: the pool sizes may be smaller than asked for.
  [[nodiscard]] const EngineOptions& options() const noexcept { return options_; }

  /// Zeroes without pooling.
  [[nodiscard]] PoolUse pool_use() const noexcept;

  /// Text that changes whenever artifacts stop being interchangeable: engine version, patch, CPU features,
  /// settings.
  [[nodiscard]] const std::string& compatibility() const noexcept { return compatibility_; }

  /// While at least one holder is alive the epoch ticks each 100 µs instead of each 1 ms.
  void tick_faster(bool on) noexcept;

 private:
  friend class Presence;
  Engine() = default;
  struct Ticker;
  wasm_engine_t* engine_ = nullptr;
  EngineOptions options_;
  std::string compatibility_;
  std::unique_ptr<Ticker> ticker_;
};

/// Says when a thread runs no guests, so that an engine with nothing to do does not tick. Once one thread has
/// one, all that run guests of the engine must.
///
/// Belongs to its thread; the engine outlives it.
class Presence {
 public:
  /// Present at first.
  explicit Presence(Engine& engine);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  /// No guest runs on the thread until come_back(), whatever happens on it.
  void leave() noexcept;
  /// Before a guest runs. A branch when it is present already.
  void come_back() noexcept {
    if (away_) [[unlikely]]
      rejoin();
  }

 private:
  void rejoin() noexcept;

  Engine& engine_;
  bool away_ = false;
};

/// What the gate lets through beyond the default features: a set of WISP_FEATURE_ bits.
using Features = std::uint32_t;

/// Validates a component or core module with wasmparser. Errc::invalid or Errc::malformed with the byte
/// offset.
[[nodiscard]] Result<> validate(std::span<const std::byte> binary, Features features);

/// Turns a core module with WASI preview 1 imports into a component. Errors of validate() for the module, or
/// Errc::compile_failed with the reason.
[[nodiscard]] Result<std::vector<std::byte>> adapt(std::span<const std::byte> module);

/// A trap that carries `error` through guest frames; take_trap gives it back unchanged (with the wasm
/// backtrace, unless it has one). For host functions: the caller hands it to the engine.
[[nodiscard]] wasm_trap_t* make_trap(Error error);

/// The same as an error of the C API, for the callbacks that return one.
[[nodiscard]] wasmtime_error_t* make_error(Error error);

/// Consumes a trap or an error of the C API (either may be null, not both) into an Error with its wasm
/// backtrace: what make_trap was given, else trap codes as Errc::trap_…, a full pool as no_capacity, a
/// refused mapping as out_of_mappings, the store's limits as memory_limit or trap_limit, and other text of a
/// host as trap_host.
[[nodiscard]] Error take_trap(wasmtime_error_t* error, wasm_trap_t* trap);

}  // namespace wisp::engine
