/* The few C functions that engine/ adds to Wasmtime's C API. Everything else is wasmtime.h. */
#ifndef WISP_ENGINE_H
#define WISP_ENGINE_H

#include <wasmtime.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A native stack of the embedder. Zero all but `stack_limit`, the lowest address wasm may use. The engine owns the
 * private words. Must not move while suspended or running. */
typedef struct wisp_stack {
  size_t stack_limit;
  void* private_[3];
} wisp_stack_t;

/* Call just before switching to the stack, and just after switching back; paired, nested, on one thread. */
void wisp_stack_resume(wisp_stack_t* stack);
void wisp_stack_suspend(wisp_stack_t* stack);

/* Accounting of one store, shared between both sides, touched on the store's thread only. */
typedef struct wisp_limits {
  uint64_t memory_limit; /* bytes over all linear memories and the GC heap */
  uint64_t memory_used;
  uint64_t table_limit; /* elements over all tables */
  uint64_t table_used;
  uint64_t denied;     /* growths refused so far */
  uint64_t instances;  /* core instances at most */
  uint64_t memories;   /* linear memories at most */
  uint64_t tables;     /* tables at most */
  uint64_t pending_[2];
} wisp_limits_t;

/* Applies `limits` to the store. The struct must outlive the store. */
void wisp_store_limits(wasmtime_store_t* store, wisp_limits_t* limits);

/* Text handed over by the engine; free with wisp_bytes_delete. */
typedef struct wisp_bytes {
  uint8_t* data;
  size_t size;
} wisp_bytes_t;
void wisp_bytes_delete(wisp_bytes_t* bytes);

/* Component-model features beyond the default set that the gate accepts. */
enum {
  WISP_FEATURE_MORE_ASYNC = 1u << 0,
  WISP_FEATURE_STACKFUL = 1u << 1,
  WISP_FEATURE_THREADING = 1u << 2,
  WISP_FEATURE_ERROR_CONTEXT = 1u << 3,
  WISP_FEATURE_FIXED_LISTS = 1u << 4,
  WISP_FEATURE_MEMORY64 = 1u << 5,
  WISP_FEATURE_VALUES = 1u << 6,
  WISP_FEATURE_NESTED_NAMES = 1u << 7,
};

/* The gate: validates a component or core module (whatever the preamble says). True if valid; else `error` holds a
 * message and `offset` the byte offset it is about. */
bool wisp_validate(const uint8_t* data, size_t size, uint32_t features, wisp_bytes_t* error, uint64_t* offset);

/* Wraps a core module that imports wasi_snapshot_preview1 into a component. True and `out` on success, else a message
 * in `out`. Commands (`_start`) get the command adapter, others the reactor adapter. The adapter's pages of the module's
 * memory are out of the module's sight where its addresses are all known (src/raised.rs), and reads and writes of no
 * bytes look at the descriptor (src/adapter.rs). */
bool wisp_adapt(const uint8_t* data, size_t size, wisp_bytes_t* out);

/* A trap, or an error, that carries an object of the embedder through guest frames. `finalizer` runs when the trap is
 * deleted. */
wasm_trap_t* wisp_trap_new(void* data, void (*finalizer)(void*));
wasmtime_error_t* wisp_error_new(void* data, void (*finalizer)(void*));

enum wisp_failure_kind {
  WISP_FAILURE_OTHER = 0,
  WISP_FAILURE_POOL = 1,     /* no free slot in the pool */
  WISP_FAILURE_MAPPINGS = 2, /* the kernel refused a mapping (ENOMEM) */
  WISP_FAILURE_MEMORY = 3,   /* the store's limit of memory, GC heap included */
  WISP_FAILURE_COUNT = 4,    /* the store's limit of table elements, instances, memories or tables */
};

/* What a trap or error says. Free both texts with wisp_bytes_delete. */
typedef struct wisp_failure {
  int32_t trap_code;      /* wasmtime_trap_code_t, or -1 */
  uint32_t kind;          /* wisp_failure_kind */
  void* payload;          /* what wisp_trap_new or wisp_error_new was given, or null; owned by the trap */
  wisp_bytes_t message;   /* causes from the outermost inwards, without the backtrace */
  wisp_bytes_t backtrace; /* wasm frames, one or more lines each, innermost first; may be empty */
} wisp_failure_t;

/* Describes the one that is not null into a zeroed `out`. Consumes neither. */
void wisp_describe(const wasmtime_error_t* error, const wasm_trap_t* trap, wisp_failure_t* out);

/* Lets the pool ask the kernel which pages of a slot are dirty. False where the kernel cannot say (before Linux 6.7). */
bool wisp_pool_scan_dirty_pages(wasmtime_pooling_allocation_config_t* config);

/* Consumes `config`. Null and `error` where wasm_engine_new_with_config would abort. */
wasm_engine_t* wisp_engine_new(wasm_config_t* config, wasmtime_error_t** error);

/* Equal for engines whose serialized modules are interchangeable, also across processes. */
uint64_t wisp_engine_fingerprint(const wasm_engine_t* engine);

typedef struct wisp_pool_metrics {
  uint64_t instances; /* alive now */
  uint64_t memories;
  uint64_t tables;
  uint64_t warm_memories;  /* free slots that still map an image */
  uint64_t resident_bytes; /* kept resident in free slots */
} wisp_pool_metrics_t;

/* False if the engine has no pool. Thread-safe. */
bool wisp_pool_metrics(const wasm_engine_t* engine, wisp_pool_metrics_t* out);

/* An export of a module, looked up once by name and then in each instance of the module without hashing. Null if the
 * module has no such export. */
typedef struct wisp_module_export wisp_module_export_t;
wisp_module_export_t* wisp_module_export(const wasmtime_module_t* module, const char* name, size_t size);
void wisp_module_export_delete(wisp_module_export_t* export_);

/* False if the instance is not one of the module. */
bool wisp_instance_export(wasmtime_context_t* context, const wasmtime_instance_t* instance,
                          const wisp_module_export_t* export_, wasmtime_extern_t* out);

/* A host function for the function import number `import` of a module, made once and used in every store (making it
 * anew in each store is what instantiation would spend most of its time on). Null if there is no such import. The
 * callback may run on several threads, for different stores. */
typedef struct wisp_host_func wisp_host_func_t;
wisp_host_func_t* wisp_host_func_new(const wasmtime_module_t* module, size_t import,
                                     wasmtime_func_unchecked_callback_t callback, void* data);
void wisp_host_func_delete(wisp_host_func_t* function);

/* The function as one of the store. The host function must outlive the store. Costs a few nanoseconds. */
void wisp_host_func_bind(wasmtime_context_t* context, const wisp_host_func_t* function, wasmtime_func_t* out);

#ifdef __cplusplus
}
#endif

#endif
