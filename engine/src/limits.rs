//! Limits over one store, its core instances together (Wasmtime's own limiter counts each memory by itself).

use wasmtime_c_api::wasmtime::{Error, ResourceLimiter, Result, Store};
use wasmtime_c_api::{WasmtimeStoreData, wasmtime_store_t};

/// `wisp_limits_t`.
#[repr(C)]
pub struct WispLimits {
    memory_limit: u64,
    memory_used: u64,
    table_limit: u64,
    table_used: u64,
    denied: u64,
    instances: u64,
    memories: u64,
    tables: u64,
    memory_pending: u64,
    table_pending: u64,
}

/// Counts a growth; what it added goes to `pending`, so that a growth that fails afterwards can be taken back.
fn grow(used: &mut u64, pending: &mut u64, denied: &mut u64, limit: u64, current: usize, desired: usize) -> bool {
    *pending = (desired as u64).saturating_sub(current as u64);
    let next = used.saturating_add(*pending);
    if next > limit {
        *pending = 0;
        *denied += 1;
        return false;
    }
    *used = next;
    true
}

fn count(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl ResourceLimiter for WispLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.memory_pending = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let Self { memory_used, memory_pending, denied, memory_limit, .. } = self;
        Ok(grow(memory_used, memory_pending, denied, *memory_limit, current, desired))
    }

    fn memory_grow_failed(&mut self, _error: Error) -> Result<()> {
        self.memory_used -= std::mem::take(&mut self.memory_pending);
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.table_pending = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let Self { table_used, table_pending, denied, table_limit, .. } = self;
        Ok(grow(table_used, table_pending, denied, *table_limit, current, desired))
    }

    fn table_grow_failed(&mut self, _error: Error) -> Result<()> {
        self.table_used -= std::mem::take(&mut self.table_pending);
        Ok(())
    }

    fn instances(&self) -> usize {
        count(self.instances)
    }

    fn tables(&self) -> usize {
        count(self.tables)
    }

    fn memories(&self) -> usize {
        count(self.memories)
    }
}

/// Raw pointer that a closure of the store carries; the embedder keeps the target alive and single-threaded.
struct Limits(*mut WispLimits);
unsafe impl Send for Limits {}
unsafe impl Sync for Limits {}

const _: () = assert!(size_of::<wasmtime_store_t>() == size_of::<Store<WasmtimeStoreData>>());

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_store_limits(store: *mut wasmtime_store_t, limits: *mut WispLimits) {
    // wasmtime_store_t is repr(C) with the Store as its only field.
    let store = unsafe { &mut *store.cast::<Store<WasmtimeStoreData>>() };
    let limits = Limits(limits);
    store.limiter(move |_| {
        let limits = &limits;
        unsafe { &mut *limits.0 }
    });
}
