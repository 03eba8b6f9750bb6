#!/usr/bin/env python3
"""Compares what abi_oracle.cpp prints with what the specification's definitions.py computes.

abi_oracle.py CLONE < lines        CLONE: a clone of the component-model repository
"""
import ast
import os
import struct
import sys

CLONE = sys.argv[1]
sys.path.insert(0, os.path.join(CLONE, "design", "mvp", "canonical-abi"))
import definitions as d  # noqa: E402

d.DETERMINISTIC_PROFILE = True
PRIMITIVES = {"bool": d.BoolType, "s8": d.S8Type, "u8": d.U8Type, "s16": d.S16Type, "u16": d.U16Type, "s32": d.S32Type,
              "u32": d.U32Type, "s64": d.S64Type, "u64": d.U64Type, "f32": d.F32Type, "f64": d.F64Type,
              "char": d.CharType, "string": d.StringType}


class Context(d.LiftLowerContext):
    """One side, with the bump allocator and the borrow rules of FakeSide."""

    def __init__(self, encoding, pointer, size=4096):
        self.inst = d.ComponentInstance(None)
        self.next = 16
        self.calls = []
        super().__init__(d.LiftLowerOptions(encoding, d.MemInst(bytearray(size), pointer), None), self.inst)

    def reallocate(self, old, old_size, align, new_size):
        self.calls.append((old_size, align, new_size))
        self.next = (self.next + align - 1) & -align
        address = self.next
        self.next += new_size
        memory = self.opts.memory.bytes
        if self.next > len(memory):
            memory.extend(bytes(self.next + 1024 - len(memory)))
        count = min(old_size, new_size)
        memory[address:address + count] = memory[old:old + count]
        return address

    def lending(self):
        subtask = object.__new__(d.Subtask)
        subtask.lenders = []
        subtask.resolve_delivered = subtask.resolved = lambda: False
        self.borrow_scope = subtask
        return self

    def borrowing(self):
        task = object.__new__(d.Task)
        task.num_borrows = 0
        self.borrow_scope = task
        return self


def make_type(t, resources):
    if t is None:
        return None
    inner = [make_type(part, resources) for part in t[1:] if part is None or isinstance(part, tuple)]
    match t[0]:
        case "record":
            return d.RecordType([d.FieldType(f"f{i}", make_type(f, resources)) for i, f in enumerate(t[1])])
        case "variant":
            return d.VariantType([d.CaseType(f"c{i}", make_type(c, resources)) for i, c in enumerate(t[1])])
        case "enum":
            return d.EnumType([f"l{i}" for i in range(t[1])])
        case "flags":
            return d.FlagsType([f"l{i}" for i in range(t[1])])
        case "list":
            return d.ListType(inner[0])
        case "fixed":
            return d.ListType(inner[0], t[2])
        case "option":
            return d.OptionType(inner[0])
        case "result":
            return d.ResultType(*inner)
        case "map":
            return d.MapType(*inner)
        case "own":
            return d.OwnType(resources[t[1]])
        case "borrow":
            return d.BorrowType(resources[t[1]])
    return PRIMITIVES[t[0]]()


def fields(t):
    """Field types of what becomes a record, cases of what becomes a variant."""
    match t[0]:
        case "record" | "variant":
            return t[1]
        case "enum":
            return [None] * t[1]
        case "option":
            return [None, t[1]]
        case "result":
            return t[1:]


def case_label(t, index):
    return {"option": ["none", "some"], "result": ["ok", "error"]}.get(t[0], [f"{'l' if t[0] == 'enum' else 'c'}{index}"] * 1000)[index]


def to_spec(t, v):
    """A value of the C++ side as definitions.py has it."""
    match t[0]:
        case "bool":
            return bool(v)
        case "f32":
            return d.core_f32_reinterpret_i32(v)
        case "f64":
            return d.core_f64_reinterpret_i64(v)
        case "char":
            return chr(v)
        case "string":
            text = bytes.fromhex(v)
            return (text.decode(), "utf8", len(text))
        case "record":
            return {f"f{i}": to_spec(f, v[i]) for i, f in enumerate(t[1])}
        case "list" | "fixed":
            return [to_spec(t[1], item) for item in v]
        case "map":
            return [{"0": to_spec(t[1], k), "1": to_spec(t[2], x)} for k, x in v]
        case "flags":
            return {f"l{i}": bool(bit) for i, bit in enumerate(v)}
        case "variant" | "enum" | "option" | "result":
            index, payload = v
            part = fields(t)[index]
            return {case_label(t, index): None if part is None else to_spec(part, payload)}
    return v


def from_spec(t, v):
    match t[0]:
        case "bool":
            return int(v)
        case "f32":
            return "nan" if v != v else struct.unpack("<I", struct.pack("<f", v))[0]
        case "f64":
            return "nan" if v != v else struct.unpack("<Q", struct.pack("<d", v))[0]
        case "char":
            return ord(v)
        case "string":
            return v[0].encode().hex()
        case "record":
            return [from_spec(f, v[f"f{i}"]) for i, f in enumerate(t[1])]
        case "list" | "fixed":
            return [from_spec(t[1], item) for item in v]
        case "map":
            return [[from_spec(t[1], pair["0"]), from_spec(t[2], pair["1"])] for pair in v]
        case "flags":
            return [int(v[f"l{i}"]) for i in range(t[1])]
        case "variant" | "enum" | "option" | "result":
            [(label, payload)] = v.items()
            parts = fields(t)
            index = next(i for i in range(len(parts)) if case_label(t, i) == label)
            return (index, None if parts[index] is None else from_spec(parts[index], payload))
    return v


def side(cx):
    return {"size": len(cx.opts.memory), "memory": bytes(cx.opts.memory.bytes[:cx.next]).hex(), "calls": cx.calls}


def restore(cx, given, handles):
    """Makes a side what the C++ side was when it printed `given`."""
    cx.opts.memory.bytes = bytearray.fromhex(given["memory"]).ljust(given["size"], b"\0")
    cx.inst.handles = handles
    return cx


def slot(value, flat):
    if isinstance(value, float):
        return struct.unpack("<I" if flat == "f32" else "<Q", struct.pack("<f" if flat == "f32" else "<d", value))[0]
    return value


def unslot(bits, flat):
    if flat == "f32":
        return d.core_f32_reinterpret_i32(bits)
    return d.core_f64_reinterpret_i64(bits) if flat == "f64" else bits


def load_all(cx, base, types):
    return list(d.load(cx, base, d.TupleType(types)).values())


def store_all(cx, values, types):
    t = d.TupleType(types)
    pointer = cx.opts.memory.ptr_type()
    base = cx.allocate(d.alignment(t, pointer), d.elem_size(t, pointer))
    d.store(cx, {str(i): v for i, v in enumerate(values)}, t, base)
    return base


def compare(what, ours, theirs):
    if ours != theirs:
        raise AssertionError(f"{what}:\n  ours   {ours}\n  theirs {theirs}")


def compare_side(what, ours, cx):
    for key, value in side(cx).items():
        compare(f"{what} {key}", ours[key], value)


def check(line):
    resources = [d.ResourceType(None) for _ in range(4)]
    types = [make_type(t, resources) for t in line["types"]]
    values = [to_spec(t, v) for t, v in zip(line["types"], line["values"])]
    [encoding, encoding2], [pointer, pointer2] = line["encodings"], line["pointers"]
    opts = d.CanonicalOptions(encoding, d.MemInst(bytearray(), pointer))
    for t, layout, flat in zip(types, line["layouts"], line["flats"]):
        compare("layout", layout, (d.elem_size(t, pointer), d.alignment(t, pointer)))
        flattened = d.flatten_type(t, opts)
        compare("flat types", flat, flattened if len(flattened) <= 16 else len(flattened))
    function = d.FuncType([("p", t) for t in types], [types[0]])
    for context in ("lift", "lower"):
        signature = d.flatten_functype(opts, function, context)
        compare(context, line[context], (signature.params, signature.results))

    cx = Context(encoding, pointer).borrowing()
    base = store_all(cx, values, types)
    compare("base", line["stored"]["base"], base)
    compare_side("stored", line["stored"], cx)

    # The memory with some bytes changed: both trap, or both read the same.
    corrupted = line["corrupted"]
    if corrupted["values"] != "limit":
        restore(cx, corrupted, cx.inst.handles).lending()
        try:
            loaded = [from_spec(t, v) for t, v in zip(line["types"], load_all(cx, base, types))]
        except d.Trap:
            loaded = "trap"
        compare("corrupted", corrupted["values"], loaded)

    # definitions.py looks for the tag of a latin1+utf16 source where the target's pointers would have it.
    if encoding == "latin1+utf16" and pointer != pointer2:
        return
    for form in ("moved", "flat"):
        if form not in line:
            continue
        given = line[form]
        source = Context(encoding, pointer).borrowing()
        if form == "moved":
            base = store_all(source, values, types)
            compare("slots", given["from"]["slots"], [base])
            compare_side("moved from", given["from"], source)
            lifted = load_all(source.lending(), base, types)
        else:
            flats = d.flatten_types(types, source.opts)
            lowered = d.lower_flat_values(source, 16, values, types)
            compare("slots", given["from"]["slots"], [slot(v, f) for v, f in zip(lowered, flats)])
            compare_side("flat from", given["from"], source)
            vi = d.CoreValueIter([unslot(v, f) for v, f in zip(given["from"]["slots"], flats)])
            lifted = d.lift_flat_values(source.lending(), 16, vi, types)
        target = Context(encoding2, pointer2).borrowing()
        if form == "moved":
            slots = [store_all(target, lifted, types)]
        else:
            flats = d.flatten_types(types, target.opts)
            slots = [slot(v, f) for v, f in zip(d.lower_flat_values(target, 16, lifted, types), flats)]
        compare(f"{form} slots", given["to"]["slots"], slots)
        compare_side(form, given["to"], target)


def main():
    passed = failed = traps = 0
    for text in sys.stdin:
        line = ast.literal_eval(text)
        try:
            check(line)
            passed += 1
            traps += line["corrupted"]["values"] == "trap"
        except Exception as error:
            failed += 1
            if failed <= 5:
                print(f"seed {line['seed']} {line['encodings']} {line['pointers']}\n  {line['types']}\n  {type(error).__name__} {error}")
    print(f"{traps} of the changed memories trapped")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
