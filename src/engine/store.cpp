#include "engine/store.hpp"

namespace wisp::engine {
namespace {

constexpr std::uint64_t kNever = 1ull << 62;  // ticks; added to the current epoch, so not the maximum

}  // namespace

Store::Store(const Engine& engine, void* data, StoreLimits limits, Preemption* preemption)
    : limits_{.memory_limit = limits.memory_bytes,
              .table_limit = limits.table_elements,
              .instances = limits.instances,
              .memories = limits.memories,
              .tables = limits.tables},
      store_(wasmtime_store_new(engine.raw(), data, nullptr)),
      context_(wasmtime_store_context(store_)),
      preemption_(preemption) {
  wisp_store_limits(store_, &limits_);
  if (preemption_) {
    arm();
  } else {
    wasmtime_context_set_epoch_deadline(context_, kNever);
  }
}

Store::~Store() { wasmtime_store_delete(store_); }

void Store::arm() noexcept {
  wasmtime_store_epoch_deadline_callback(store_, &Store::epoch, this, nullptr);
  wasmtime_context_set_epoch_deadline(context_, 1);
}

void Store::begin_slice() noexcept {
  if (preemption_) wasmtime_context_set_epoch_deadline(context_, 1);
}

wasmtime_error_t* Store::epoch(wasmtime_context_t*, void* self, std::uint64_t* delta,
                               wasmtime_update_deadline_kind_t* kind) {
  auto& store = *static_cast<Store*>(self);
  *delta = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  // The engine takes the callback out of the store while it runs. tick() may park this stack; guests that run
  // on others meanwhile need a callback and a deadline of their own.
  store.arm();
  if (auto result = store.preemption_->tick(); !result) return make_error(std::move(result).error());
  return nullptr;
}

Error Store::failure(wasmtime_error_t* error, wasm_trap_t* trap) noexcept {
  Error result = take_trap(error, trap);
  // An exception that no frame caught stays pending in the store until somebody takes it.
  wasmtime_exnref_t exception;
  if (wasmtime_context_take_exception(context_, &exception)) wasmtime_exnref_unroot(&exception);
  return result;
}

Result<> Store::call(const wasmtime_func_t& function, wasmtime_val_raw_t* values, std::size_t count) {
  wasm_trap_t* trap = nullptr;
  auto* error = wasmtime_func_call_unchecked(context_, &function, values, count, &trap);
  if (error || trap) [[unlikely]]
    return std::unexpected(failure(error, trap));
  return {};
}

Result<wasmtime_instance_t> Store::instantiate(const Module& module,
                                               std::span<const wasmtime_extern_t> imports) {
  wasmtime_instance_t instance;
  wasm_trap_t* trap = nullptr;
  auto* error =
      wasmtime_instance_new(context_, module.raw(), imports.data(), imports.size(), &instance, &trap);
  if (!error && !trap) [[likely]]
    return instance;
  Error reason = failure(error, trap);
  // Text without guest frames is not a host function's: the imports were refused.
  if (reason.code() == Errc::trap_host && reason.backtrace().empty()) {
    return fail(Errc::instantiation, "{}", reason.message());
  }
  return std::unexpected(std::move(reason));
}

}  // namespace wisp::engine
