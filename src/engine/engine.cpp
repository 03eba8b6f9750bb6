#include "engine/engine.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>

namespace wisp::engine {
namespace {

/// The stack that wasm may use on a thread's own stack. On fibers the fiber's limit counts.
constexpr std::size_t kThreadWasmStack = 512 << 10;
constexpr std::uint64_t kMinReservation =
    4ull << 30;  // with 4 GiB of address space 32-bit bounds checks fall away
constexpr std::uint32_t kSmallestPool = 16;
constexpr std::size_t kBlindlyCleared = 64 << 10;

/// Memory mappings that one pooled memory and its fiber cost (measured: 3 copy-on-write, 2 stack).
constexpr std::uint64_t kMappingsPerMemory = 5;
constexpr std::uint64_t kMappingsForTheRest = 4'000;

std::uint32_t memories_that_fit(std::uint32_t wanted) {
  std::ifstream file("/proc/sys/vm/max_map_count");
  std::uint64_t mappings = 0;
  if (!(file >> mappings)) return wanted;
  const std::uint64_t usable = mappings > kMappingsForTheRest ? mappings - kMappingsForTheRest : 0;
  const auto fitting = std::max<std::uint64_t>(usable / kMappingsPerMemory, kSmallestPool);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(fitting, wanted));
}

void set_features(wasm_config_t* config) {
  wasmtime_config_wasm_reference_types_set(config, true);
  wasmtime_config_wasm_multi_value_set(config, true);
  wasmtime_config_wasm_bulk_memory_set(config, true);
  wasmtime_config_wasm_simd_set(config, true);
  wasmtime_config_wasm_relaxed_simd_set(config, true);
  wasmtime_config_wasm_tail_call_set(config, true);
  wasmtime_config_wasm_multi_memory_set(config, true);
  wasmtime_config_wasm_memory64_set(config, true);
  wasmtime_config_wasm_function_references_set(config, true);
  wasmtime_config_wasm_gc_set(config, true);
  wasmtime_config_wasm_exceptions_set(config, true);
  wasmtime_config_wasm_wide_arithmetic_set(config, true);
  wasmtime_config_wasm_threads_set(config, false);
  wasmtime_config_shared_memory_set(config, false);
  wasmtime_config_wasm_stack_switching_set(config, false);
}

void set_pool(wasm_config_t* config, const EngineOptions& options) {
  auto* pool = wasmtime_pooling_allocation_config_new();
  wasmtime_pooling_allocation_config_total_core_instances_set(pool, options.max_instances);
  wasmtime_pooling_allocation_config_total_memories_set(pool, options.max_memories);
  wasmtime_pooling_allocation_config_total_tables_set(pool, options.max_tables);
  // GC heaps take memory slots, so memories bound them already. Stacks are the fibers', not the engine's.
  wasmtime_pooling_allocation_config_total_gc_heaps_set(pool, options.max_memories);
  wasmtime_pooling_allocation_config_total_stacks_set(pool, 0);
  wasmtime_pooling_allocation_config_max_memory_size_set(pool, options.max_memory_bytes);
  wasmtime_pooling_allocation_config_table_elements_set(pool, options.max_table_elements);
  // What one module may define; instances live on the heap, so these cost nothing until used.
  wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, 16 << 20);
  wasmtime_pooling_allocation_config_max_memories_per_module_set(pool, 100);
  wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, 100);
  wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, options.max_warm_slots);
  // Without the kernel's help the engine clears a slot's first bytes blindly, where few guests have all their
  // data.
  const bool scan = options.scan_dirty_pages && wisp_pool_scan_dirty_pages(pool);
  const std::size_t keep_resident =
      scan ? options.keep_resident : std::min(options.keep_resident, kBlindlyCleared);
  wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, keep_resident);
  wasmtime_pooling_allocation_config_table_keep_resident_set(pool, keep_resident);
  wasmtime_pooling_allocation_strategy_set(config, pool);
  wasmtime_pooling_allocation_config_delete(pool);
}

wasm_config_t* make_config(const EngineOptions& options) {
  wasm_config_t* config = wasm_config_new();
  set_features(config);
  wasmtime_config_epoch_interruption_set(config, true);
  wasmtime_config_max_wasm_stack_set(config, kThreadWasmStack);
  wasmtime_config_parallel_compilation_set(config, options.compile_threads != 1);
  // Backtraces walk frame pointers; nobody unwinds through wasm with DWARF, and registering tables makes
  // loading slow.
  wasmtime_config_native_unwind_info_set(config, false);
  wasmtime_config_memory_init_cow_set(config, true);
  wasmtime_config_memory_reservation_set(config, std::max(options.max_memory_bytes, kMinReservation));
  if (options.pooling) set_pool(config, options);
  return config;
}

}  // namespace

/// Ticks the epoch. A tick is one atomic addition; guests notice it at their next loop or function head.
/// Rests while nobody is present: who comes back looks whether it does after having said so, and the ticker
/// looks who is there after having said that it rests, so that one of them sees the other.
struct Engine::Ticker {
  explicit Ticker(wasm_engine_t* engine) : engine_(engine), thread_([this] { run(); }) {}

  ~Ticker() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void faster(int change) {
    {
      const std::lock_guard lock(mutex_);
      holders_ += change;
    }
    changed_.notify_one();
  }

  void join() noexcept {
    present_.fetch_add(1);
    members_.fetch_add(1);
  }
  void quit(bool away) noexcept {
    if (!away) leave();
    members_.fetch_sub(1);
    wake();
  }
  void leave() noexcept { present_.fetch_sub(1); }
  void come_back() noexcept {
    present_.fetch_add(1);
    wake();
  }

 private:
  void wake() noexcept {
    if (!resting_.load()) return;
    {
      const std::lock_guard lock(mutex_);
      resting_ = false;
    }
    changed_.notify_one();
  }

  /// Ticks without anybody present after which it rests: it is not put to sleep between two requests.
  static constexpr int kLastTicks = 50;

  [[nodiscard]] bool needed() const noexcept { return members_.load() == 0 || present_.load() != 0; }

  void rest(std::unique_lock<std::mutex>& lock) {
    resting_ = true;
    if (!needed()) changed_.wait(lock, [this] { return stop_ || !resting_; });
    resting_ = false;
  }

  void run() {
    std::unique_lock lock(mutex_);
    int ticks_alone = 0;
    while (!stop_) {
      ticks_alone = needed() ? 0 : ticks_alone + 1;
      if (ticks_alone > kLastTicks) {
        rest(lock);
        ticks_alone = 0;
        continue;
      }
      const auto slice = holders_ > 0 ? std::chrono::microseconds(100) : std::chrono::microseconds(1'000);
      if (changed_.wait_for(lock, slice) == std::cv_status::timeout) wasmtime_engine_increment_epoch(engine_);
    }
  }

  wasm_engine_t* engine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int holders_ = 0;
  bool stop_ = false;
  std::atomic<bool> resting_ = false;
  std::atomic<int> members_ = 0;
  std::atomic<int> present_ = 0;
  std::thread thread_;
};

Result<std::shared_ptr<Engine>> Engine::create(EngineOptions options) {
  std::shared_ptr<Engine> self(new Engine);
  options.max_memories = memories_that_fit(options.max_memories);
  for (;;) {
    wasmtime_error_t* error = nullptr;
    self->engine_ = wisp_engine_new(make_config(options), &error);
    if (self->engine_) break;
    const Error reason = take_trap(error, nullptr);
    // A small address space (ulimit -v, a sanitizer, 39-bit kernels) refuses the slab: try with fewer slots.
    if (!options.pooling || reason.code() != Errc::out_of_mappings || options.max_memories <= kSmallestPool) {
      return fail(Errc::system, "the engine cannot be set up: {}", reason.message());
    }
    options.max_memories = std::max(options.max_memories / 2, kSmallestPool);
    options.max_tables = std::max(options.max_tables / 2, 2 * kSmallestPool);
  }
  self->options_ = options;
  self->compatibility_ =
      fmt::format("wasmtime-{}+own-stacks/{:016x}", WASMTIME_VERSION, wisp_engine_fingerprint(self->engine_));
  self->ticker_ = std::make_unique<Ticker>(self->engine_);
  return self;
}

Engine::~Engine() {
  ticker_.reset();
  if (engine_) wasm_engine_delete(engine_);
}

PoolUse Engine::pool_use() const noexcept {
  wisp_pool_metrics_t now{};
  wisp_pool_metrics(engine_, &now);
  return {.instances = now.instances,
          .memories = now.memories,
          .tables = now.tables,
          .warm_memories = now.warm_memories,
          .resident_bytes = now.resident_bytes};
}

void Engine::tick_faster(bool on) noexcept { ticker_->faster(on ? 1 : -1); }

Presence::Presence(Engine& engine) : engine_(engine) { engine_.ticker_->join(); }

Presence::~Presence() { engine_.ticker_->quit(away_); }

void Presence::leave() noexcept {
  if (!std::exchange(away_, true)) engine_.ticker_->leave();
}

void Presence::rejoin() noexcept {
  away_ = false;
  engine_.ticker_->come_back();
}

}  // namespace wisp::engine
