//! The adapter for WASI preview 1 with its exports wrapped, where they need it:
//!
//! - Reads and writes of no bytes look at the descriptor. By itself the adapter answers them before it does.
//! - For a module that was raised (raised.rs), pointers into the module's memory go up on the way in, and those that a
//!   call leaves in memory come down on the way out.
//!
//! The wrappers are functions at the adapter's end, exported in the originals' place; no index changes.

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, CodeSection, ExportSection, Function, FunctionSection, MemArg, RawSection, ValType};
use wasmparser::{ExternalKind, FuncType, FunctionBody, KnownCustom, Name, Parser, Payload, TypeRef};

/// What a function of preview 1 has to do with the memory of its caller.
enum Shape {
    /// These parameters are addresses.
    Addresses(&'static [u32]),
    /// Parameters 1 and 2 are an array of buffers and its length, and the last is the address of a count of bytes.
    Buffers,
    /// Parameter 0 is the address of an array of addresses, to be filled; 1 is that of what they point to. The function
    /// named says how many there are.
    Strings(&'static str),
}
use Shape::{Addresses, Buffers, Strings};

/// All of preview 1 that the adapter implements. It traps in the functions of sockets that take buffers.
const FUNCTIONS: &[(&str, Shape)] = &[
    ("args_get", Strings("args_sizes_get")),
    ("args_sizes_get", Addresses(&[0, 1])),
    ("clock_res_get", Addresses(&[1])),
    ("clock_time_get", Addresses(&[2])),
    ("environ_get", Strings("environ_sizes_get")),
    ("environ_sizes_get", Addresses(&[0, 1])),
    ("fd_advise", Addresses(&[])),
    ("fd_allocate", Addresses(&[])),
    ("fd_close", Addresses(&[])),
    ("fd_datasync", Addresses(&[])),
    ("fd_fdstat_get", Addresses(&[1])),
    ("fd_fdstat_set_flags", Addresses(&[])),
    ("fd_fdstat_set_rights", Addresses(&[])),
    ("fd_filestat_get", Addresses(&[1])),
    ("fd_filestat_set_size", Addresses(&[])),
    ("fd_filestat_set_times", Addresses(&[])),
    ("fd_pread", Buffers),
    ("fd_prestat_dir_name", Addresses(&[1])),
    ("fd_prestat_get", Addresses(&[1])),
    ("fd_pwrite", Buffers),
    ("fd_read", Buffers),
    ("fd_readdir", Addresses(&[1, 4])),
    ("fd_renumber", Addresses(&[])),
    ("fd_seek", Addresses(&[3])),
    ("fd_sync", Addresses(&[])),
    ("fd_tell", Addresses(&[1])),
    ("fd_write", Buffers),
    ("path_create_directory", Addresses(&[1])),
    ("path_filestat_get", Addresses(&[2, 4])),
    ("path_filestat_set_times", Addresses(&[2])),
    ("path_link", Addresses(&[2, 5])),
    ("path_open", Addresses(&[2, 8])),
    ("path_readlink", Addresses(&[1, 3, 5])),
    ("path_remove_directory", Addresses(&[1])),
    ("path_rename", Addresses(&[1, 4])),
    ("path_symlink", Addresses(&[0, 3])),
    ("path_unlink_file", Addresses(&[1])),
    ("poll_oneoff", Addresses(&[0, 1, 3])),
    ("proc_exit", Addresses(&[])),
    ("proc_raise", Addresses(&[])),
    ("random_get", Addresses(&[0])),
    ("sched_yield", Addresses(&[])),
    ("sock_accept", Addresses(&[2])),
    ("sock_shutdown", Addresses(&[])),
];

/// Whether a raised module may call the function: its addresses are known.
pub fn translates(function: &str) -> bool {
    FUNCTIONS.iter().any(|(name, _)| *name == function)
}

const WORD: MemArg = MemArg { offset: 0, align: 2, memory_index: 0 };
const SECOND_WORD: MemArg = MemArg { offset: 4, align: 2, memory_index: 0 };

/// Room on the adapter's stack for what a wrapper keeps there: the largest is preview 1's fdstat, 24 bytes.
const FRAME: i32 = 32;

#[derive(Default)]
struct Adapter<'a> {
    types: Vec<FuncType>,
    functions: Vec<u32>,
    exports: Vec<(&'a str, ExternalKind, u32)>,
    bodies: Vec<FunctionBody<'a>>,
    stack_pointer: Option<u32>,
}

impl<'a> Adapter<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut out = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.ok()? {
                Payload::TypeSection(types) => {
                    for each in types.into_iter_err_on_gc_types() {
                        out.types.push(each.ok()?);
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        if let TypeRef::Func(ty) = import.ok()?.ty {
                            out.functions.push(ty);
                        }
                    }
                }
                Payload::FunctionSection(functions) => {
                    for ty in functions {
                        out.functions.push(ty.ok()?);
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export.ok()?;
                        out.exports.push((export.name, export.kind, export.index));
                    }
                }
                Payload::CodeSectionEntry(body) => out.bodies.push(body),
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Name(names) = custom.as_known() {
                        for name in names {
                            let Name::Global(globals) = name.ok()? else { continue };
                            for global in globals {
                                let global = global.ok()?;
                                if global.name == "__stack_pointer" {
                                    out.stack_pointer = Some(global.index);
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Some(out)
    }

    fn function(&self, name: &str) -> Option<u32> {
        self.exports
            .iter()
            .find(|(export, kind, _)| *export == name && *kind == ExternalKind::Func)
            .map(|(_, _, index)| *index)
    }

    fn parameters(&self, function: u32) -> Option<u32> {
        let ty = *self.functions.get(function as usize)?;
        Some(self.types.get(ty as usize)?.params().len() as u32)
    }
}

/// Makes the address in a local one of the raised module's. What would wrap around becomes the last address, which is
/// out of bounds as the other was: a raised module's memory does not reach it.
pub fn raise(out: &mut Function, local: u32, by: u32) {
    out.instructions()
        .local_get(local)
        .i32_const(by as i32)
        .i32_add()
        .i32_const(-1)
        .local_get(local)
        .i32_const((u32::MAX - by) as i32)
        .i32_le_u()
        .select()
        .local_set(local);
}

/// Moves the adapter's stack pointer; `frame` is the local that has its lower value.
fn enter(out: &mut Function, stack_pointer: u32, frame: u32) {
    out.instructions().global_get(stack_pointer).i32_const(FRAME).i32_sub().local_tee(frame).global_set(stack_pointer);
}

fn leave(out: &mut Function, stack_pointer: u32, frame: u32) {
    out.instructions().local_get(frame).i32_const(FRAME).i32_add().global_set(stack_pointer);
}

fn call(out: &mut Function, function: u32, parameters: u32) {
    for parameter in 0..parameters {
        out.instructions().local_get(parameter);
    }
    out.instructions().call(function);
}

fn wrap_addresses(function: u32, parameters: u32, addresses: &[u32], by: u32) -> Function {
    let mut out = Function::new([]);
    for address in addresses {
        raise(&mut out, *address, by);
    }
    call(&mut out, function, parameters);
    out.instructions().end();
    out
}

/// The adapter reads or writes the first buffer that is not empty, so that is the one it is given. Only when there is
/// none does the descriptor need a look, and only when the adapter was content.
fn wrap_buffers(function: u32, parameters: u32, look: u32, stack_pointer: u32, by: u32) -> Function {
    const DESCRIPTOR: u32 = 0;
    const BUFFERS: u32 = 1;
    const LENGTH: u32 = 2;
    let count = parameters - 1;
    let (frame, address, error) = (parameters, parameters + 1, parameters + 2);
    let mut out = Function::new([(3, ValType::I32)]);
    if by != 0 {
        raise(&mut out, BUFFERS, by);
        raise(&mut out, count, by);
    }

    // Leave the empty buffers behind.
    out.instructions()
        .block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(LENGTH)
        .i32_eqz()
        .br_if(1)
        .local_get(BUFFERS)
        .i32_load(SECOND_WORD)
        .br_if(1)
        .local_get(BUFFERS)
        .i32_const(8)
        .i32_add()
        .local_set(BUFFERS)
        .local_get(LENGTH)
        .i32_const(1)
        .i32_sub()
        .local_set(LENGTH)
        .br(0)
        .end()
        .end();

    out.instructions().local_get(LENGTH).if_(BlockType::Empty);
    if by != 0 {
        out.instructions().local_get(BUFFERS).i32_load(WORD).local_set(address);
        raise(&mut out, address, by);
        enter(&mut out, stack_pointer, frame);
        out.instructions()
            .local_get(frame)
            .local_get(address)
            .i32_store(WORD)
            .local_get(frame)
            .local_get(BUFFERS)
            .i32_load(SECOND_WORD)
            .i32_store(SECOND_WORD)
            .local_get(frame)
            .local_set(BUFFERS)
            .i32_const(1)
            .local_set(LENGTH);
    }
    call(&mut out, function, parameters);
    out.instructions().local_set(error);
    if by != 0 {
        leave(&mut out, stack_pointer, frame);
    }
    out.instructions().local_get(error).return_().end();

    call(&mut out, function, parameters);
    out.instructions().local_tee(error).if_(BlockType::Empty).local_get(error).return_().end();
    enter(&mut out, stack_pointer, frame);
    out.instructions().local_get(DESCRIPTOR).local_get(frame).call(look).local_set(error);
    leave(&mut out, stack_pointer, frame);
    out.instructions().local_get(error).end();
    out
}

fn wrap_strings(function: u32, sizes: u32, stack_pointer: u32, by: u32) -> Function {
    const ARRAY: u32 = 0;
    const TEXT: u32 = 1;
    const FRAME_AT: u32 = 2;
    const COUNT: u32 = 3;
    const ERROR: u32 = 4;
    let mut out = Function::new([(3, ValType::I32)]);
    enter(&mut out, stack_pointer, FRAME_AT);
    out.instructions()
        .local_get(FRAME_AT)
        .local_get(FRAME_AT)
        .i32_const(4)
        .i32_add()
        .call(sizes)
        .local_set(ERROR)
        .local_get(FRAME_AT)
        .i32_load(WORD)
        .local_set(COUNT);
    leave(&mut out, stack_pointer, FRAME_AT);
    out.instructions().local_get(ERROR).if_(BlockType::Empty).local_get(ERROR).return_().end();
    raise(&mut out, ARRAY, by);
    raise(&mut out, TEXT, by);
    call(&mut out, function, 2);
    out.instructions()
        .local_tee(ERROR)
        .if_(BlockType::Empty)
        .local_get(ERROR)
        .return_()
        .end()
        .block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(COUNT)
        .i32_eqz()
        .br_if(1)
        .local_get(ARRAY)
        .local_get(ARRAY)
        .i32_load(WORD)
        .i32_const(by as i32)
        .i32_sub()
        .i32_store(WORD)
        .local_get(ARRAY)
        .i32_const(4)
        .i32_add()
        .local_set(ARRAY)
        .local_get(COUNT)
        .i32_const(1)
        .i32_sub()
        .local_set(COUNT)
        .br(0)
        .end()
        .end()
        .i32_const(0)
        .end();
    out
}

/// The wrapper of one export, or nothing if it needs none.
fn wrapper(adapter: &Adapter, name: &str, function: u32, stack_pointer: u32, by: u32) -> Option<Function> {
    let (_, shape) = FUNCTIONS.iter().find(|(each, _)| *each == name)?;
    let parameters = adapter.parameters(function)?;
    match shape {
        Addresses(addresses) if by != 0 && !addresses.is_empty() => {
            Some(wrap_addresses(function, parameters, addresses, by))
        }
        Addresses(_) => None,
        Buffers => Some(wrap_buffers(function, parameters, adapter.function("fd_fdstat_get")?, stack_pointer, by)),
        Strings(sizes) if by != 0 => Some(wrap_strings(function, adapter.function(sizes)?, stack_pointer, by)),
        Strings(_) => None,
    }
}

/// The adapter for modules that were raised by so many bytes; zero for those that were not.
pub fn wrapped(bytes: &[u8], by: u32) -> Option<Vec<u8>> {
    let adapter = Adapter::read(bytes)?;
    let stack_pointer = adapter.stack_pointer?;
    let mut functions = FunctionSection::new();
    let imported = adapter.functions.len() - adapter.bodies.len();
    for ty in &adapter.functions[imported..] {
        functions.function(*ty);
    }
    let mut code = CodeSection::new();
    for body in &adapter.bodies {
        code.raw(body.as_bytes());
    }
    let mut exports = ExportSection::new();
    for (name, kind, index) in &adapter.exports {
        let mut index = *index;
        if *kind == ExternalKind::Func
            && let Some(wrapper) = wrapper(&adapter, name, index, stack_pointer, by)
        {
            functions.function(adapter.functions[index as usize]);
            code.function(&wrapper);
            index = (imported as u32) + functions.len() - 1;
        }
        exports.export(name, RoundtripReencoder.export_kind(*kind).ok()?, index);
    }

    let mut out = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.ok()?;
        match payload {
            Payload::FunctionSection(_) => out.section(&functions),
            Payload::ExportSection(_) => out.section(&exports),
            Payload::CodeSectionStart { .. } => out.section(&code),
            Payload::CodeSectionEntry(_) => continue,
            other => match other.as_section() {
                Some((id, range)) => out.section(&RawSection { id, data: &bytes[range] }),
                None => continue,
            },
        };
    }
    Some(out.finish())
}
