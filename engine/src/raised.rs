//! A module for WASI preview 1 made to live above the adapter's memory.
//!
//! The adapter keeps its stack and its state in two pages of the module's memory, which it otherwise gets from
//! memory.grow. An allocator that takes the size of the memory or its growth for its own business then hands those pages
//! out: AssemblyScript's takes all there is when it starts, Go's takes what it grows by to follow on what it had. Of a
//! raised module's memory the first two pages are the adapter's, and the module cannot tell: its addresses are two pages
//! higher than it knows (in the offsets of its instructions and data; adapter.rs sees to those in calls), and memory.size
//! and memory.grow do not count the two. Nor can it reach them, because no address plus offset is below.

use crate::adapter;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Instruction, MemArg, MemorySection, RawSection, TypeSection, ValType,
};
use wasmparser::{
    DataKind, DataSectionReader, ExportSectionReader, FunctionBody, GlobalSectionReader, MemoryType, Operator, Parser,
    Payload, TypeRef, TypeSectionReader,
};
use wit_component::metadata;

const PAGE: u32 = 65536;

/// The adapter asks for two pages, its stack and its state, in this order: the state is not at address zero.
const PAGES: u32 = 2;

/// How far a module is raised.
pub const BYTES: u32 = PAGES * PAGE;

/// An instruction whose offset does not fit when it is raised is out of bounds whatever its address, and stays so with
/// the highest offset as long as the last page is missing.
const MOST_PAGES: u64 = 65535;

/// What has to be known of a module before its first byte is written.
#[derive(Default)]
struct Layout<'a> {
    types: u32,
    imported_functions: u32,
    functions: Vec<u32>,
    globals: u32,
    memory: Option<MemoryType>,
    bodies: Vec<FunctionBody<'a>>,
}

impl<'a> Layout<'a> {
    /// Nothing for modules that cannot be raised, because not all of their addresses are known here: more than preview 1
    /// is imported, the memory is not the module's own or not a plain one.
    fn read(module: &'a [u8]) -> Option<Self> {
        let mut out = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload.ok()? {
                Payload::TypeSection(types) => {
                    for group in types {
                        out.types += group.ok()?.types().len() as u32;
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import.ok()?;
                        let known = match import.module {
                            "wasi_snapshot_preview1" => adapter::translates(import.name),
                            module => module.starts_with("wasi:cli/exit@") && import.name == "exit-with-code",
                        };
                        if !known || !matches!(import.ty, TypeRef::Func(_)) {
                            return None;
                        }
                        out.imported_functions += 1;
                    }
                }
                Payload::FunctionSection(functions) => {
                    out.functions = functions.into_iter().collect::<Result<_, _>>().ok()?;
                }
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        if out.memory.replace(memory.ok()?).is_some() {
                            return None;
                        }
                    }
                }
                Payload::GlobalSection(globals) => out.globals = globals.count(),
                Payload::ExportSection(exports) => {
                    for export in exports {
                        if matches!(export.ok()?.name, "cabi_realloc" | "canonical_abi_realloc") {
                            return None;
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => out.bodies.push(body),
                _ => {}
            }
        }
        let memory = out.memory?;
        let plain = !memory.memory64 && !memory.shared && memory.page_size_log2.is_none();
        (plain && memory.initial + u64::from(PAGES) <= MOST_PAGES).then_some(out)
    }
}

/// The types added at the end, in this order.
#[derive(Clone, Copy)]
enum Type {
    Realloc,
    Grow,
    Bulk,
}

/// The functions added at the end, each with its type, and what is made of instructions.
struct Code {
    bodies: CodeSection,
    first_helper: u32,
    helpers: Vec<(Type, Function)>,
    fill: Option<u32>,
    copy: Option<u32>,
    init: Vec<(u32, u32)>,
    asks: bool,
}

/// Hands out the two pages, one after the other; there are no more.
fn realloc(next: u32) -> Function {
    const SIZE: u32 = 3;
    let mut out = Function::new([]);
    out.instructions()
        .local_get(SIZE)
        .i32_const(PAGE as i32)
        .i32_ne()
        .global_get(next)
        .i32_const(BYTES as i32)
        .i32_eq()
        .i32_or()
        .if_(BlockType::Empty)
        .unreachable()
        .end()
        .global_get(next)
        .global_get(next)
        .i32_const(PAGE as i32)
        .i32_add()
        .global_set(next)
        .end();
    out
}

/// memory.grow, with the old size that the module knows.
fn grow() -> Function {
    let mut out = Function::new([]);
    out.instructions()
        .local_get(0)
        .memory_grow(0)
        .local_tee(0)
        .i32_const(PAGES as i32)
        .i32_sub()
        .i32_const(-1)
        .local_get(0)
        .i32_const(-1)
        .i32_ne()
        .select()
        .end();
    out
}

/// An instruction of three operands, the first `addresses` of which are addresses.
fn bulk(addresses: u32, instruction: &Instruction) -> (Type, Function) {
    let mut out = Function::new([]);
    for address in 0..addresses {
        adapter::raise(&mut out, address, BYTES);
    }
    out.instructions().local_get(0).local_get(1).local_get(2);
    out.instruction(instruction).instructions().end();
    (Type::Bulk, out)
}

impl Code {
    const REALLOC: u32 = 0;
    const GROW: u32 = 1;

    fn of(layout: &Layout) -> Option<Self> {
        let mut out = Self {
            bodies: CodeSection::new(),
            first_helper: layout.imported_functions + layout.functions.len() as u32,
            helpers: vec![(Type::Realloc, realloc(layout.globals)), (Type::Grow, grow())],
            fill: None,
            copy: None,
            init: Vec::new(),
            asks: false,
        };
        for body in &layout.bodies {
            let body = out.body(body)?;
            out.bodies.function(&body);
        }
        for (_, helper) in &out.helpers {
            out.bodies.function(helper);
        }
        Some(out)
    }

    fn body(&mut self, body: &FunctionBody) -> Option<Function> {
        let mut out = self.new_function_with_parsed_locals(body).ok()?;
        let mut reader = body.get_operators_reader().ok()?;
        while !reader.eof() {
            match reader.read().ok()? {
                Operator::MemorySize { .. } => {
                    self.asks = true;
                    out.instructions().memory_size(0).i32_const(PAGES as i32).i32_sub();
                }
                Operator::MemoryGrow { .. } => {
                    self.asks = true;
                    out.instructions().call(self.first_helper + Self::GROW);
                }
                Operator::MemoryFill { .. } => {
                    let helper = self.fill.unwrap_or_else(|| self.add(bulk(1, &Instruction::MemoryFill(0))));
                    self.fill = Some(helper);
                    out.instructions().call(helper);
                }
                Operator::MemoryCopy { .. } => {
                    let copy = Instruction::MemoryCopy { src_mem: 0, dst_mem: 0 };
                    let helper = self.copy.unwrap_or_else(|| self.add(bulk(2, &copy)));
                    self.copy = Some(helper);
                    out.instructions().call(helper);
                }
                Operator::MemoryInit { data_index, .. } => {
                    let helper = match self.init.iter().find(|(data, _)| *data == data_index) {
                        Some((_, helper)) => *helper,
                        None => {
                            let helper = self.add(bulk(1, &Instruction::MemoryInit { mem: 0, data_index }));
                            self.init.push((data_index, helper));
                            helper
                        }
                    };
                    out.instructions().call(helper);
                }
                other => {
                    out.instruction(&self.instruction(other).ok()?);
                }
            }
        }
        Some(out)
    }

    fn add(&mut self, helper: (Type, Function)) -> u32 {
        self.helpers.push(helper);
        self.first_helper + self.helpers.len() as u32 - 1
    }
}

/// Every instruction that has an offset gets there through this.
impl Reencode for Code {
    type Error = Infallible;

    fn mem_arg(&mut self, arg: wasmparser::MemArg) -> Result<MemArg, reencode::Error<Infallible>> {
        let offset = arg.offset.saturating_add(u64::from(BYTES)).min(u64::from(u32::MAX));
        Ok(MemArg { offset, align: arg.align.into(), memory_index: arg.memory })
    }
}

fn types(section: TypeSectionReader) -> Option<TypeSection> {
    let mut out = TypeSection::new();
    RoundtripReencoder.parse_type_section(&mut out, section).ok()?;
    out.ty().function([ValType::I32; 4], [ValType::I32]);
    out.ty().function([ValType::I32], [ValType::I32]);
    out.ty().function([ValType::I32; 3], []);
    Some(out)
}

fn functions(layout: &Layout, code: &Code) -> FunctionSection {
    let mut out = FunctionSection::new();
    for ty in &layout.functions {
        out.function(*ty);
    }
    for (ty, _) in &code.helpers {
        out.function(layout.types + *ty as u32);
    }
    out
}

fn memory(ty: &MemoryType) -> MemorySection {
    let mut out = MemorySection::new();
    out.memory(wasm_encoder::MemoryType {
        minimum: ty.initial + u64::from(PAGES),
        maximum: Some(ty.maximum.map_or(MOST_PAGES, |most| MOST_PAGES.min(most + u64::from(PAGES)))),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    out
}

/// With one more: the first byte that `realloc` has not handed out.
fn globals(section: Option<GlobalSectionReader>) -> Option<GlobalSection> {
    let mut out = GlobalSection::new();
    if let Some(section) = section {
        RoundtripReencoder.parse_global_section(&mut out, section).ok()?;
    }
    out.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(0));
    Some(out)
}

fn exports(section: ExportSectionReader, realloc: u32) -> Option<ExportSection> {
    let mut out = ExportSection::new();
    RoundtripReencoder.parse_export_section(&mut out, section).ok()?;
    out.export("cabi_realloc", ExportKind::Func, realloc);
    Some(out)
}

/// Nothing if the place of a segment is not written out.
fn data(section: DataSectionReader) -> Option<DataSection> {
    let mut out = DataSection::new();
    for segment in section {
        let segment = segment.ok()?;
        match segment.kind {
            DataKind::Passive => out.passive(segment.data.iter().copied()),
            DataKind::Active { offset_expr, .. } => {
                let mut place = offset_expr.get_operators_reader();
                let Operator::I32Const { value } = place.read().ok()? else { return None };
                let Operator::End = place.read().ok()? else { return None };
                let raised = (value as u32).checked_add(BYTES)?;
                out.active(0, &ConstExpr::i32_const(raised as i32), segment.data.iter().copied())
            }
        };
    }
    Some(out)
}

/// What names places in the code is wrong when the code is another.
fn names_places(custom: &str) -> bool {
    custom.starts_with(".debug_") || custom.starts_with("metadata.code.")
}

/// The world says nothing about functions of the module that others call.
fn exports_nothing(module: &[u8]) -> bool {
    metadata::decode(module).is_ok_and(|(_, found)| found.resolve.worlds[found.world].exports.is_empty())
}

/// The module raised, or nothing if it cannot be or need not be: it exports an allocator for the adapter's memory or
/// never asks how large its memory is. `module` is valid.
pub fn raised(module: &[u8]) -> Option<Vec<u8>> {
    let layout = Layout::read(module)?;
    let code = Code::of(&layout)?;
    if !code.asks || !exports_nothing(module) {
        return None;
    }
    let mut out = wasm_encoder::Module::new();
    let mut globals_written = false;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.ok()?;
        let after_globals = matches!(
            payload,
            Payload::ExportSection(_)
                | Payload::StartSection { .. }
                | Payload::ElementSection(_)
                | Payload::DataCountSection { .. }
                | Payload::CodeSectionStart { .. }
        );
        if after_globals && !globals_written {
            out.section(&globals(None)?);
            globals_written = true;
        }
        match payload {
            Payload::TypeSection(section) => out.section(&types(section)?),
            Payload::FunctionSection(_) => out.section(&functions(&layout, &code)),
            Payload::MemorySection(_) => out.section(&memory(&layout.memory?)),
            Payload::GlobalSection(section) => {
                globals_written = true;
                out.section(&globals(Some(section))?)
            }
            Payload::ExportSection(section) => out.section(&exports(section, code.first_helper + Code::REALLOC)?),
            Payload::CodeSectionStart { .. } => out.section(&code.bodies),
            Payload::DataSection(section) => out.section(&data(section)?),
            Payload::CodeSectionEntry(_) => continue,
            Payload::CustomSection(custom) if names_places(custom.name()) => continue,
            other => match other.as_section() {
                Some((id, range)) => out.section(&RawSection { id, data: &module[range] }),
                None => continue,
            },
        };
    }
    Some(out.finish())
}
