//! Host functions that are made once for a module's import and used in every store.

use std::ffi::c_void;
use wasmtime_c_api::wasmtime::{Caller, Error, Func, Module, ValRaw, WispHostFunc};
use wasmtime_c_api::{
    WasmtimeStoreContextMut, WasmtimeStoreData, wasm_trap_t, wasmtime_caller_t, wasmtime_func_unchecked_callback_t,
    wasmtime_module_t,
};

// wasmtime_caller_t is repr(C) with the Caller as its only field.
const _: () = assert!(size_of::<wasmtime_caller_t<'static>>() == size_of::<Caller<'static, WasmtimeStoreData>>());

/// What the embedder is called with; it vouches for the use on several threads.
struct Data(*mut c_void);
unsafe impl Send for Data {}
unsafe impl Sync for Data {}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_host_func_new(
    module: *const wasmtime_module_t,
    import: usize,
    callback: wasmtime_func_unchecked_callback_t,
    data: *mut c_void,
) -> Option<Box<WispHostFunc>> {
    let module = unsafe { &*module.cast::<Module>() };
    let data = Data(data);
    let function = move |mut caller: Caller<'_, WasmtimeStoreData>, values: &mut [std::mem::MaybeUninit<ValRaw>]| {
        let data = &data;
        let caller = (&mut caller as *mut Caller<'_, WasmtimeStoreData>).cast();
        match callback(data.0, caller, values.as_mut_ptr().cast(), values.len()) {
            None => Ok(()),
            // wasm_trap_t is repr(C) with the Error as its only field (see failure.rs).
            Some(trap) => Err(*unsafe { Box::from_raw(Box::<wasm_trap_t>::into_raw(trap).cast::<Error>()) }),
        }
    };
    unsafe { WispHostFunc::new(module, import, function) }.map(Box::new)
}

#[unsafe(no_mangle)]
pub extern "C" fn wisp_host_func_delete(_function: Option<Box<WispHostFunc>>) {}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_host_func_bind(
    store: WasmtimeStoreContextMut<'_>,
    function: &WispHostFunc,
    out: &mut std::mem::MaybeUninit<Func>,
) {
    out.write(unsafe { function.bind(store) });
}
