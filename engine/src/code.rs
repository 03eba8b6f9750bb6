//! Settings, figures and look-ups that the C API lacks.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::MaybeUninit;
use std::slice;
use wasmtime_c_api::wasmtime::{Config, Enabled, Engine, Instance, Module, ModuleExport, PoolingAllocationConfig};
use wasmtime_c_api::{
    WasmtimeStoreContextMut, wasm_config_t, wasm_engine_t, wasmtime_error_t, wasmtime_extern_t, wasmtime_module_t, wasmtime_pooling_allocation_config_t,
};

// Each has the named engine type as its only field.
const _: () = assert!(size_of::<wasm_config_t>() == size_of::<Config>());
const _: () = assert!(size_of::<wasm_engine_t>() == size_of::<Engine>());
const _: () = assert!(size_of::<wasmtime_module_t>() == size_of::<Module>());
const _: () =
    assert!(size_of::<wasmtime_pooling_allocation_config_t>() == size_of::<PoolingAllocationConfig>());

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_pool_scan_dirty_pages(config: *mut wasmtime_pooling_allocation_config_t) -> bool {
    let config = unsafe { &mut *config.cast::<PoolingAllocationConfig>() };
    let available = PoolingAllocationConfig::is_pagemap_scan_available();
    config.pagemap_scan(if available { Enabled::Yes } else { Enabled::No });
    available
}

/// `wasm_engine_new_with_config` panics where this reports: a pool that does not fit, settings that exclude each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_engine_new(
    config: Box<wasm_config_t>,
    error: &mut MaybeUninit<*mut wasmtime_error_t>,
) -> Option<Box<wasm_engine_t>> {
    let raw = Box::into_raw(config);
    let created = Engine::new(unsafe { &*raw.cast::<Config>() });
    drop(unsafe { Box::from_raw(raw) });
    match created {
        Ok(engine) => Some(unsafe { Box::from_raw(Box::into_raw(Box::new(engine)).cast()) }),
        Err(failure) => {
            error.write(Box::into_raw(Box::new(failure.into())));
            None
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_engine_fingerprint(engine: *const wasm_engine_t) -> u64 {
    let engine = unsafe { &*engine.cast::<Engine>() };
    // The keys of a new DefaultHasher are fixed, so equal engines agree across processes.
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// `wisp_pool_metrics_t`.
#[repr(C)]
pub struct WispPoolMetrics {
    instances: u64,
    memories: u64,
    tables: u64,
    warm_memories: u64,
    resident_bytes: u64,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_pool_metrics(engine: *const wasm_engine_t, out: &mut WispPoolMetrics) -> bool {
    let engine = unsafe { &*engine.cast::<Engine>() };
    let Some(metrics) = engine.pooling_allocator_metrics() else {
        return false;
    };
    *out = WispPoolMetrics {
        instances: metrics.core_instances(),
        memories: metrics.memories() as u64,
        tables: metrics.tables() as u64,
        warm_memories: u64::from(metrics.unused_warm_memories()),
        resident_bytes: (metrics.unused_memory_bytes_resident() + metrics.unused_table_bytes_resident()) as u64,
    };
    true
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_module_export(
    module: *const wasmtime_module_t,
    name: *const u8,
    size: usize,
) -> Option<Box<ModuleExport>> {
    let module = unsafe { &*module.cast::<Module>() };
    let name = if size == 0 { &[] } else { unsafe { slice::from_raw_parts(name, size) } };
    module.get_export_index(std::str::from_utf8(name).ok()?).map(Box::new)
}

#[unsafe(no_mangle)]
pub extern "C" fn wisp_module_export_delete(_export: Option<Box<ModuleExport>>) {}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_instance_export(
    store: WasmtimeStoreContextMut<'_>,
    instance: &Instance,
    export: &ModuleExport,
    out: &mut MaybeUninit<wasmtime_extern_t>,
) -> bool {
    match instance.get_module_export(store, export) {
        Some(item) => {
            out.write(item.into());
            true
        }
        None => false,
    }
}
