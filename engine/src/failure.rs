//! Traps and errors, told to the embedder in parts; and traps that carry an object of the embedder.

use crate::{WispBytes, give};
use std::ffi::c_void;
use std::fmt;
use wasmtime_c_api::wasmtime::{Error, GcHeapOutOfMemory, PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_c_api::{wasm_trap_t, wasmtime_error_t};

/// An object of the embedder on its way through guest frames.
struct Payload {
    data: *mut c_void,
    finalizer: extern "C" fn(*mut c_void),
}

// The embedder raises and takes it on one thread; an error that is only dropped runs the finalizer where it is dropped.
unsafe impl Send for Payload {}
unsafe impl Sync for Payload {}

impl Drop for Payload {
    fn drop(&mut self) {
        (self.finalizer)(self.data);
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("host error")
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("host error")
    }
}

impl std::error::Error for Payload {}

// wasm_trap_t and wasmtime_error_t are repr(C) with the Error as their only field.
const _: () = assert!(size_of::<wasm_trap_t>() == size_of::<Error>());
const _: () = assert!(size_of::<wasmtime_error_t>() == size_of::<Error>());

fn payload(data: *mut c_void, finalizer: extern "C" fn(*mut c_void)) -> Error {
    Error::new(Payload { data, finalizer })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_trap_new(data: *mut c_void, finalizer: extern "C" fn(*mut c_void)) -> *mut wasm_trap_t {
    Box::into_raw(Box::new(payload(data, finalizer))).cast()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_error_new(
    data: *mut c_void,
    finalizer: extern "C" fn(*mut c_void),
) -> *mut wasmtime_error_t {
    let error = payload(data, finalizer);
    Box::into_raw(Box::new(wasmtime_error_t::from(error)))
}

/// `wisp_failure_kind`.
#[repr(u32)]
#[derive(Clone, Copy)]
enum Kind {
    Other = 0,
    Pool = 1,
    Mappings = 2,
    Memory = 3,
    Count = 4,
}

/// `wisp_failure_t`.
#[repr(C)]
pub struct WispFailure {
    trap_code: i32,
    kind: u32,
    payload: *mut c_void,
    message: WispBytes,
    backtrace: WispBytes,
}

const TRACE_HEAD: &str = "error while executing at wasm backtrace:";

/// The causes from the outermost inwards, without the backtrace that the engine adds as a context.
fn message(error: &Error) -> String {
    let parts: Vec<String> =
        error.chain().map(|cause| cause.to_string()).filter(|text| !text.starts_with(TRACE_HEAD)).collect();
    parts.join(": ")
}

/// The frames, one a line, names demangled; without the engine's head line and its hint about environment variables.
fn backtrace(error: &Error) -> String {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let text = trace.to_string();
    let lines: Vec<&str> = text.lines().skip(1).filter(|line| !line.starts_with("note: ")).collect();
    lines.join("\n")
}

fn kind(error: &Error, message: &str) -> Kind {
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        Kind::Pool
    } else if message.contains("(os error 12)") {
        Kind::Mappings
    } else if message.contains("exceeds memory limits") || error.downcast_ref::<GcHeapOutOfMemory<()>>().is_some() {
        Kind::Memory
    } else if message.contains("exceeds table limits") || message.contains("resource limit exceeded") {
        Kind::Count
    } else {
        Kind::Other
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn wisp_describe(
    error: Option<&wasmtime_error_t>,
    trap: Option<&wasm_trap_t>,
    out: &mut WispFailure,
) {
    let any = match (error, trap) {
        (Some(error), _) => unsafe { &*(error as *const wasmtime_error_t).cast::<Error>() },
        (None, Some(trap)) => unsafe { &*(trap as *const wasm_trap_t).cast::<Error>() },
        (None, None) => {
            out.trap_code = -1;
            out.kind = Kind::Other as u32;
            return;
        }
    };
    out.trap_code = any.downcast_ref::<Trap>().map_or(-1, |trap| i32::from(*trap as u8));
    out.payload = any.downcast_ref::<Payload>().map_or(std::ptr::null_mut(), |payload| payload.data);
    let text = message(any);
    out.kind = kind(any, &text) as u32;
    give(&mut out.message, text.into_bytes());
    give(&mut out.backtrace, backtrace(any).into_bytes());
}
