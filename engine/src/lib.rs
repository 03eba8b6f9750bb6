//! The engine archive: Wasmtime's C API as it is, plus the few functions of include/wisp_engine.h.
//!
//! Nothing here may unwind into C++: the profile aborts on panic, and every entry point is total.

use std::{ptr, slice};
use wasmparser::{Validator, WasmFeatures};
pub use wasmtime_c_api::*;
use wasmtime_c_api::wasmtime::WispStack;

pub mod adapt;
pub mod adapter;
pub mod code;
pub mod failure;
pub mod host_function;
pub mod limits;
pub mod raised;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_stack_resume(stack: &mut WispStack) {
    unsafe { stack.resume() }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_stack_suspend(stack: &mut WispStack) {
    unsafe { stack.suspend() }
}

#[repr(C)]
pub struct WispBytes {
    data: *mut u8,
    size: usize,
}

fn give(out: &mut WispBytes, bytes: Vec<u8>) {
    let bytes = Box::leak(bytes.into_boxed_slice());
    *out = WispBytes { data: bytes.as_mut_ptr(), size: bytes.len() };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_bytes_delete(bytes: &mut WispBytes) {
    if !bytes.data.is_null() {
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(bytes.data, bytes.size)) });
    }
    *bytes = WispBytes { data: ptr::null_mut(), size: 0 };
}

fn features(extra: u32) -> WasmFeatures {
    let mut features = WasmFeatures::MVP
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIMD
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::MEMORY64
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::GC
        | WasmFeatures::WIDE_ARITHMETIC
        | WasmFeatures::COMPONENT_MODEL
        | WasmFeatures::CM_ASYNC
        | WasmFeatures::CM_MAP
        | WasmFeatures::CM_IMPLEMENTS;
    let optional = [
        WasmFeatures::CM_MORE_ASYNC_BUILTINS,
        WasmFeatures::CM_ASYNC_STACKFUL,
        WasmFeatures::CM_THREADING,
        WasmFeatures::CM_ERROR_CONTEXT,
        WasmFeatures::CM_FIXED_LENGTH_LISTS,
        WasmFeatures::CM64,
        WasmFeatures::CM_VALUES,
        WasmFeatures::CM_NESTED_NAMES,
    ];
    for (bit, feature) in optional.into_iter().enumerate() {
        if extra & (1 << bit) != 0 {
            features |= feature;
        }
    }
    features
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_validate(
    data: *const u8,
    size: usize,
    extra: u32,
    error: &mut WispBytes,
    offset: &mut u64,
) -> bool {
    let bytes = if size == 0 { &[] } else { unsafe { slice::from_raw_parts(data, size) } };
    match Validator::new_with_features(features(extra)).validate_all(bytes) {
        Ok(_) => true,
        Err(failure) => {
            *offset = failure.offset() as u64;
            give(error, failure.message().as_bytes().to_vec());
            false
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_adapt(data: *const u8, size: usize, out: &mut WispBytes) -> bool {
    let bytes = if size == 0 { &[] } else { unsafe { slice::from_raw_parts(data, size) } };
    let (adapted, bytes) = match adapt::adapt(bytes, features(0)) {
        Ok(component) => (true, component),
        Err(message) => (false, message.into_bytes()),
    };
    give(out, bytes);
    adapted
}
