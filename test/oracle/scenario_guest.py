"""The guest of the scenario fuzzer: its operations, and its text.

Each exported function does what the host tells it, one operation after the other: it asks `step` with what has happened
(its start, a result, an event) and is answered an operation with up to three arguments, packed into 64 bits.
"""
import sys

# What a report is about.
START, RESULT, EVENT = 0, 1, 2
# Memory that operations use; its hash is part of each report. Events of waitable-set.wait and poll go to EVENT_ADDRESS.
EVENT_ADDRESS, HASHED = 64, 72
NONE = 0xFFFF  # an argument of 0xffffffff

INSTANCES = ["a", "b", "c"]  # a calls b, b calls c, c calls a stub that traps

# Lifted functions: the payload of parameter and result besides the token, "async" type, the options of the lift.
FUNCTIONS = {
    "f0": (None, "u32", True, "callback"),
    "f1": ("$t0", "$t0", True, "callback"),
    "f2": ("$t2", "$t2", True, "callback"),
    "f3": (None, "u32", True, "sync"),
    "f4": (None, "u32", True, "stackful"),
    "f5": (None, "u32", False, "sync"),
}
# Streams and futures by number of their type.
CHANNELS = {0: ("stream", "u8"), 1: ("stream", None), 2: ("future", "u8"), 3: ("future", None)}


class Op:
    def __init__(self, name, canon=None, params=(), result=""):
        self.name, self.canon, self.params, self.result = name, canon, params, result


def operations():
    memory = "(memory $memory)"
    ops = [
        Op("exit"), Op("peek"), Op("poke"),
        Op("return-u32", f"task.return (result u32) {memory}", "a"),
        Op("return-stream", f"task.return (result $t0) {memory}", "a"),
        Op("return-future", f"task.return (result $t2) {memory}", "a"),
        Op("task.cancel", "task.cancel"),
        Op("context.get", "context.get i32 0", "", "i32"),
        Op("context.set", "context.set i32 0", "x"),
        Op("backpressure.inc", "backpressure.inc"),
        Op("backpressure.dec", "backpressure.dec"),
        Op("set.new", "waitable-set.new", "", "i32"),
        Op("set.wait", f"waitable-set.wait {memory}", "ae", "event"),
        Op("set.wait-cancellable", f"waitable-set.wait {memory}", "ae", "event"),
        Op("set.poll", f"waitable-set.poll {memory}", "ae", "event"),
        Op("set.poll-cancellable", f"waitable-set.poll {memory}", "ae", "event"),
        Op("set.drop", "waitable-set.drop", "a"),
        Op("join", "waitable.join", "ab"),
        Op("subtask.cancel", "subtask.cancel", "a", "i32"),
        Op("subtask.cancel-async", "subtask.cancel async", "a", "i32"),
        Op("subtask.drop", "subtask.drop", "a"),
        Op("yield", "thread.yield", "", "i32"),
        Op("yield-cancellable", "thread.yield", "", "i32"),
    ]
    for name, (param, _, is_async, _) in FUNCTIONS.items():
        arguments = "c" + ("a" if param else "")
        ops.append(Op(f"call-{name}", f"lower (func ${name})", arguments, "i32"))
        if is_async:
            ops.append(Op(f"call-{name}-async", f"lower (func ${name}) async {memory}", arguments + "b", "i32"))
    for t, (kind, _) in CHANNELS.items():
        ops.append(Op(f"new-{t}", f"{kind}.new $t{t}", "", "i64"))
        for verb in ("read", "write"):
            params = "abc" if kind == "stream" else "ab"
            ops.append(Op(f"{verb}-{t}", f"{kind}.{verb} $t{t} {memory}", params, "i32"))
            ops.append(Op(f"{verb}-{t}-async", f"{kind}.{verb} $t{t} async {memory}", params, "i32"))
            ops.append(Op(f"cancel-{verb}-{t}", f"{kind}.cancel-{verb} $t{t}", "a", "i32"))
            ops.append(Op(f"cancel-{verb}-{t}-async", f"{kind}.cancel-{verb} $t{t} async", "a", "i32"))
        ops.append(Op(f"drop-readable-{t}", f"{kind}.drop-readable $t{t}", "a"))
        ops.append(Op(f"drop-writable-{t}", f"{kind}.drop-writable $t{t}", "a"))
    return ops


OPS = operations()
NUMBER = {op.name: number for number, op in enumerate(OPS)}


def pack(name, a=0, b=0, c=0):
    return NUMBER[name] | a << 8 | b << 24 | c << 40


def function_type(name, with_names=True):
    param, result, is_async, _ = FUNCTIONS[name]
    second = f' (param "x" {param})' if param else ""
    return f'{"async " if is_async else ""}(param "token" u32){second} (result {result})'


def channel_types():
    return "\n".join(f"  (type $t{t} ({kind}{' ' + payload if payload else ''}))"
                     for t, (kind, payload) in CHANNELS.items())


def core_lift(name):
    """The core function that a lift names."""
    param, _, _, lift = FUNCTIONS[name]
    argument = "(i64.extend_i32_u (local.get 1))" if param else "(i64.const 0)"
    run = f"(call $run (local.get 0) (i32.const {START}) {argument})"
    params = "(param i32 i32)" if param else "(param i32)"
    body = f"(call $set-token (local.get 0)) {run}"
    if lift == "stackful":
        return f'    (func (export "{name}") {params} (drop (call $set-run (local.get 0))))'.replace(
            "(call $set-run (local.get 0))", f"(block (result i32) {body})")
    return f'    (func (export "{name}") {params} (result i32) {body})'


def lift_options(name):
    return {"callback": ' async (memory $memory) (callback (core func $main "callback"))',
            "stackful": " async (memory $memory)",
            "sync": " (memory $memory)"}[FUNCTIONS[name][3]]


def core_case(number, op):
    source = {"a": "(local.get $a)", "b": "(local.get $b)", "c": "(local.get $c)",
              "e": f"(i32.const {EVENT_ADDRESS})",
              "x": "(i32.or (local.get $token) (i32.shl (local.get $a) (i32.const 16)))"}
    call = f'(call ${op.name} {" ".join(source[p] for p in op.params)})'
    if op.name == "exit":
        body = "(return (i32.or (local.get $a) (i32.shl (local.get $b) (i32.const 4))))"
    elif op.name == "peek":
        body = "(local.set $r (i64.load32_u (local.get $a)))"
    elif op.name == "poke":
        body = "(i32.store8 (local.get $a) (local.get $b))"
    elif op.result == "event":
        body = (f"(local.set $r (call $event {call} (i32.load (i32.const {EVENT_ADDRESS})) "
                f"(i32.load (i32.const {EVENT_ADDRESS + 4}))))")
        # Operands are evaluated in order: the event is stored before it is loaded.
    elif op.result == "i32":
        body = f"(local.set $r (i64.extend_i32_u {call}))"
    elif op.result == "i64":
        body = f"(local.set $r {call})"
    else:
        body = call
    return f"        (if (i32.eq (local.get $op) (i32.const {number})) (then {body} (br $again)))"


def core_import(op):
    params = f'(param {" ".join("i32" for _ in op.params)})' if op.params else ""
    result = {"": "", "i32": "(result i32)", "event": "(result i32)", "i64": "(result i64)"}[op.result]
    return f'    (import "" "{op.name}" (func ${op.name} {params} {result}))'


def text():
    canonical = [op for op in OPS if op.canon]
    step = '(param "token" u32) (param "kind" u32) (param "r0" u64) (param "r1" u64) (result u64)'
    lines = [f"""(component
  (import "test:scenario/host" (instance $host (export "step" (func {step}))))
  (component $Guest
    (import "step" (func $step {step}))
{channel_types()}"""]
    lines += [f'    (import "{name}" (func ${name} {function_type(name)}))' for name in FUNCTIONS]
    lines.append("""    (core module $Memory (memory (export "memory") 1))
    (core instance $m (instantiate $Memory))
    (alias core export $m "memory" (core memory $memory))
    (canon lower (func $step) (core func $core-step))
    (canon context.set i32 0 (core func $set-token))
    (canon context.get i32 0 (core func $get-token))""")
    lines += [f"    (canon {op.canon} (core func ${op.name}))" for op in canonical]
    lines.append("""    (core module $Main
    (import "m" "memory" (memory 1))
    (import "" "step" (func $step (param i32 i32 i64 i64) (result i64)))
    (import "" "set-token" (func $set-token (param i32)))
    (import "" "get-token" (func $get-token (result i32)))""")
    lines += [core_import(op) for op in canonical]
    hash_text = "(i64.const 0)"
    for address in range(0, HASHED, 8):
        hash_text = f"(i64.xor (i64.rotl {hash_text} (i64.const 7)) (i64.load (i32.const {address})))"
    lines.append(f"""    (func $arg (param $x i64) (param $shift i64) (result i32)
      (local $v i32)
      (local.set $v (i32.and (i32.wrap_i64 (i64.shr_u (local.get $x) (local.get $shift))) (i32.const 0xffff)))
      (select (i32.const -1) (local.get $v) (i32.eq (local.get $v) (i32.const {NONE}))))
    (func $event (param $code i32) (param $index i32) (param $payload i32) (result i64)
      (i64.or (i64.shl (i64.extend_i32_u (local.get $code)) (i64.const 60))
        (i64.or (i64.shl (i64.extend_i32_u (local.get $index)) (i64.const 32))
          (i64.extend_i32_u (local.get $payload)))))
    (func $run (param $token i32) (param $kind i32) (param $r i64) (result i32)
      (local $x i64) (local $op i32) (local $a i32) (local $b i32) (local $c i32)
      (loop $again
        (local.set $x (call $step (local.get $token) (local.get $kind) (local.get $r)
          {hash_text}))
        (local.set $kind (i32.const {RESULT}))
        (local.set $r (i64.const 0))
        (local.set $op (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 255)))
        (local.set $a (call $arg (local.get $x) (i64.const 8)))
        (local.set $b (call $arg (local.get $x) (i64.const 24)))
        (local.set $c (call $arg (local.get $x) (i64.const 40)))""")
    lines += [core_case(number, op) for number, op in enumerate(OPS)]
    lines.append(f"""        unreachable)
      unreachable)
    (func (export "callback") (param i32 i32 i32) (result i32)
      (call $run (i32.and (call $get-token) (i32.const 0xffff)) (i32.const {EVENT})
        (call $event (local.get 0) (local.get 1) (local.get 2))))""")
    lines += [core_lift(name) for name in FUNCTIONS]
    lines.append("""    )
    (core instance $main (instantiate $Main (with "m" (instance $m)) (with "" (instance
      (export "step" (func $core-step)) (export "set-token" (func $set-token))
      (export "get-token" (func $get-token))""")
    lines += [f'      (export "{op.name}" (func ${op.name}))' for op in canonical]
    lines.append("    ))))")
    lines += [f'    (func (export "{name}") {function_type(name)} '
              f'(canon lift (core func $main "{name}"){lift_options(name)}))' for name in FUNCTIONS]
    lines.append("  )\n  (component $Stub")
    lines.append(channel_types() + "\n    (core module $Main")
    for name, (param, _, _, _) in FUNCTIONS.items():
        lines.append(f'      (func (export "{name}") (param i32{" i32" if param else ""}) (result i32) unreachable)')
    lines.append("    )\n    (core instance $main (instantiate $Main))")
    lines += [f'    (func (export "{name}") {function_type(name)} (canon lift (core func $main "{name}")))'
              for name in FUNCTIONS]
    lines.append("  )\n  (instance $stub (instantiate $Stub))")
    callee = "$stub"
    for instance in reversed(INSTANCES):
        given = " ".join(f'(with "{name}" (func {callee} "{name}"))' for name in FUNCTIONS)
        lines.append(f'  (instance ${instance} (instantiate $Guest (with "step" (func $host "step")) {given}))')
        lines.append(f'  (export "test:scenario/{instance}" (instance ${instance}))')
        callee = f"${instance}"
    lines.append(")")
    return "\n".join(lines)


def make_cancellable(path):
    """Sets the immediates "cancellable" in a binary, which the text format of wasm-tools has no word for."""
    with open(path, "rb") as file:
        binary = file.read()
    for plain, cancellable in ((b"\x1f\x20\0\0\x20\0\0\x21\0\0\x21\0\0\x22",
                                b"\x1f\x20\0\0\x20\1\0\x21\0\0\x21\1\0\x22"),
                               (b"\x0d\x0c\0\x0c\0", b"\x0d\x0c\0\x0c\1")):
        if binary.count(plain) != 1:
            sys.exit("scenario_guest.py: the built-ins are not where they should be")
        binary = binary.replace(plain, cancellable)
    with open(path, "wb") as file:
        file.write(binary)


if __name__ == "__main__":
    # Without arguments the text; with a binary made of it, finishes that.
    if len(sys.argv) > 1:
        make_cancellable(sys.argv[1])
    else:
        sys.stdout.write(text())
