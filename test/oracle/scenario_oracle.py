"""Replays a scenario's trace in the specification's definitions.py and says where it differs.

Where the specification leaves a choice (which ready thread is next, which event of a set), the oracle takes the one that
the trace shows; if that is not among those it may take, or leads elsewhere, it is a difference.
"""
import importlib.util
import pathlib
import struct
import sys
import threading

from scenario_guest import EVENT, EVENT_ADDRESS, FUNCTIONS, CHANNELS, HASHED, INSTANCES, OPS, RESULT, START

MASK = 2**64 - 1


class Difference(BaseException):
    """Raised on the stack of whatever runs in the oracle."""


class Abort(BaseException):
    """Unwinds what still waits at the end of a scenario."""


class Worker:
    """A thread of Python that runs the specification's threads, one after the other."""

    def __init__(self, machine):
        self.machine, self.job = machine, None
        self.go = threading.Lock()
        self.go.acquire()
        threading.Thread(target=self.main, daemon=True).start()

    def main(self):
        while True:
            self.go.acquire()
            argument, error = None, None
            try:
                argument = self.job.function(self.job.block_result)
            except BaseException as failure:  # pylint: disable=broad-exception-caught
                error = failure
            handler = self.machine.handler
            handler.cont, handler.block_arg, handler.error = None, argument, error
            self.machine.idle.append(self)
            handler.back.release()


class Continuation:
    def __init__(self, function=None, worker=None):
        self.function, self.worker, self.abort, self.block_result = function, worker, False, None


class Handler:
    def __init__(self, current_thread, parent, worker):
        self.current_thread, self.parent, self.worker = current_thread, parent, worker
        self.cont, self.block_arg, self.error = None, None, None
        self.back = threading.Lock()
        self.back.acquire()


class Machine:
    """Stack switching as definitions.py wants it, but with traps that reach whoever resumed, and threads used again."""

    def __init__(self):
        self.idle, self.handler, self.blocked = [], None, set()

    def resume(self, cont, block_result, current_thread):
        worker = cont.worker
        if worker is None:
            worker = self.idle.pop() if self.idle else Worker(self)
            worker.job = cont
        self.blocked.discard(cont)
        cont.block_result = block_result
        handler = self.handler = Handler(current_thread, self.handler, worker)
        worker.go.release()
        handler.back.acquire()
        self.handler = handler.parent
        if handler.error is not None:
            raise handler.error
        return handler.cont, handler.block_arg

    def block(self, switch_to):
        handler = self.handler
        cont = Continuation(worker=handler.worker)
        self.blocked.add(cont)
        handler.cont, handler.block_arg = cont, switch_to
        handler.back.release()
        cont.worker.go.acquire()
        if cont.abort:
            raise Abort()
        return cont.block_result

    def unwind(self):
        self.handler = None
        for cont in list(self.blocked):
            cont.abort = True
            try:
                self.resume(cont, None, None)
            except BaseException:  # pylint: disable=broad-exception-caught
                pass


def load(clone):
    """definitions.py of a clone, with our stack switching."""
    path = pathlib.Path(clone, "design/mvp/canonical-abi/definitions.py")
    spec = importlib.util.spec_from_file_location("definitions", path)
    d = importlib.util.module_from_spec(spec)
    sys.modules["definitions"] = d
    spec.loader.exec_module(d)
    d.machine = machine = Machine()
    d.cont_new = Continuation
    d.resume, d.block = machine.resume, machine.block
    d.current_thread = lambda: machine.handler.current_thread
    d.SharedFutureImpl.drop = drop_future
    d.Subtask.wait_for_pending_event = wait_for_subtask
    return d


def wait_for_subtask(self):
    """A sync subtask.cancel waits until the call is resolved, also when "started" is pending (README)."""
    self.has_sync_waiter = True
    sys.modules["definitions"].current_thread().wait_until(self.resolved, cancellable=False)
    self.has_sync_waiter = False


def drop_future(self):
    """SharedFutureImpl.drop without its assertion, which names the wrong kind of buffer (README)."""
    if not self.dropped:
        self.dropped = True
        if self.pending_buffer:
            self.reset_and_notify_pending(sys.modules["definitions"].CopyResult.DROPPED)


class Instance:
    """A component instance of definitions.py, its memory, and the core functions it imports and exports."""

    def __init__(self, oracle, name, callee):
        d = oracle.d
        self.oracle, self.name = oracle, name
        self.inst = d.ComponentInstance(oracle.store, oracle.root)
        self.memory = d.MemInst(bytearray(65536), "i32")
        self.functions = {}
        for function in FUNCTIONS:
            self.functions[function] = oracle.store.lift(
                lambda args: self.core_lift(args), oracle.types[function], self.options(function), self.inst)
        self.table = self.imports(callee) if callee else {}

    def options(self, function):
        d, lift = self.oracle.d, FUNCTIONS[function][3]
        callback = self.callback if lift == "callback" else None
        return d.CanonicalOptions(memory=self.memory, async_=lift != "sync", callback=callback)

    def core_lift(self, args):
        d = self.oracle.d
        token = args[0]
        d.canon_context_set("i32", 0, token)
        result = self.run(token, START, args[1] if len(args) > 1 else 0)
        stackful = d.current_task().opts.async_ and not d.current_task().opts.callback
        return [] if stackful else [result]

    def callback(self, args):
        [token] = self.oracle.d.canon_context_get("i32", 0)
        code, index, payload = args
        return [self.run(token & 0xFFFF, EVENT, int(code) << 60 & MASK | index << 32 | payload)]

    def hash(self):
        value = 0
        for (word,) in struct.iter_unpack("<Q", self.memory.bytes[:HASHED]):
            value = (value << 7 & MASK | value >> 57) ^ word
        return value

    def run(self, token, kind, r):
        """The core code: see scenario_guest.py."""
        while True:
            packed = self.oracle.step(token, kind, r, self.hash())
            kind, r = RESULT, 0
            op = OPS[packed & 255]
            a, b, c = (0xFFFFFFFF if x == 0xFFFF else x for x in
                       (packed >> 8 & 0xFFFF, packed >> 24 & 0xFFFF, packed >> 40 & 0xFFFF))
            if op.name == "exit":
                return (a | b << 4) & 0xFFFFFFFF
            self.oracle.doing = op.name
            if op.name == "peek":
                if a > 65532:
                    raise self.oracle.d.Trap()
                r = struct.unpack_from("<I", self.memory.bytes, a)[0]
            elif op.name == "poke":
                if a > 65535:
                    raise self.oracle.d.Trap()
                self.memory.bytes[a] = b & 255
            else:
                given = {"a": a, "b": b, "c": c, "e": EVENT_ADDRESS, "x": (token | a << 16) & 0xFFFFFFFF}
                results = self.table[op.name](*(given[p] for p in op.params))
                self.oracle.doing = op.name
                if op.result == "event":
                    index, payload = struct.unpack_from("<II", self.memory.bytes, EVENT_ADDRESS)
                    r = int(results[0]) << 60 & MASK | index << 32 | payload
                elif results:
                    r = int(results[0])

    def imports(self, callee):
        d, memory = self.oracle.d, self.memory
        options = d.CanonicalOptions(memory=memory)
        asynchronous = d.CanonicalOptions(memory=memory, async_=True)
        types = self.oracle.channels
        table = {
            "return-u32": lambda a: d.canon_task_return([d.U32Type()], options, [a]),
            "return-stream": lambda a: d.canon_task_return([types[0]], options, [a]),
            "return-future": lambda a: d.canon_task_return([types[2]], options, [a]),
            "task.cancel": d.canon_task_cancel,
            "context.get": lambda: d.canon_context_get("i32", 0),
            "context.set": lambda a: d.canon_context_set("i32", 0, a),
            "backpressure.inc": d.canon_backpressure_inc,
            "backpressure.dec": d.canon_backpressure_dec,
            "set.new": d.canon_waitable_set_new,
            "set.wait": lambda a, e: d.canon_waitable_set_wait(False, memory, a, e),
            "set.wait-cancellable": lambda a, e: d.canon_waitable_set_wait(True, memory, a, e),
            "set.poll": lambda a, e: d.canon_waitable_set_poll(False, memory, a, e),
            "set.poll-cancellable": lambda a, e: d.canon_waitable_set_poll(True, memory, a, e),
            "set.drop": d.canon_waitable_set_drop,
            "join": d.canon_waitable_join,
            "subtask.cancel": lambda a: d.canon_subtask_cancel(False, a),
            "subtask.cancel-async": lambda a: d.canon_subtask_cancel(True, a),
            "subtask.drop": d.canon_subtask_drop,
            "yield": lambda: d.canon_thread_yield(False),
            "yield-cancellable": lambda: d.canon_thread_yield(True),
        }
        for name in FUNCTIONS:
            def call(*args, name=name, opts=options):
                self.oracle.starting.append(args[0])
                core = self.oracle.store.lower(callee.functions[name] if isinstance(callee, Instance) else callee,
                                               self.oracle.types[name], opts, self.inst)
                return core(list(args))
            table[f"call-{name}"] = call
            table[f"call-{name}-async"] = lambda *args, call=call: call(*args, opts=asynchronous)
        for t, (kind, _) in CHANNELS.items():
            ct = types[t]
            def canon(verb, kind=kind):
                return getattr(d, f"canon_{kind}_{verb}")
            table[f"new-{t}"] = lambda canon=canon, ct=ct: canon("new")(ct)
            for verb in ("read", "write"):
                table[f"{verb}-{t}"] = lambda *args, f=canon(verb), ct=ct: f(ct, options, *args)
                table[f"{verb}-{t}-async"] = lambda *args, f=canon(verb), ct=ct: f(ct, asynchronous, *args)
                f = canon(f"cancel_{verb}")
                table[f"cancel-{verb}-{t}"] = lambda a, f=f, ct=ct: f(ct, False, a)
                table[f"cancel-{verb}-{t}-async"] = lambda a, f=f, ct=ct: f(ct, True, a)
            for verb in ("readable", "writable"):
                table[f"drop-{verb}-{t}"] = lambda a, f=canon(f"drop_{verb}"), ct=ct: f(ct, a)
        return table


class Oracle:
    """One scenario. `trace`: tuples ("S", token, kind, r0, r1, op), ("R", token, value), ("C", token), ("T", message),
    ("c", instance, function, token), ("k", token), ("idle",), ("e",). `silent`: which thread traps when none reports."""

    def __init__(self, d, trace, silent=0):
        self.d, self.trace, self.at, self.silent = d, trace, 0, silent
        self.doing, self.starting, self.roots = "", [], {}
        d.random = self
        d.DETERMINISTIC_PROFILE = False
        oracle = self

        class Task(d.specification_task if hasattr(d, "specification_task") else d.Task):
            def __init__(self, *args):
                super().__init__(*args)
                self.token = oracle.starting.pop() if oracle.starting else None

            def enter_implicit_thread(self):
                oracle.holder_first(self)
                return super().enter_implicit_thread()

        if not hasattr(d, "specification_task"):
            d.specification_task = d.Task
        Task.State = d.specification_task.State
        d.Task = Task
        self.store = d.Store()
        self.root = d.ComponentInstance(self.store)
        u8 = {"u8": d.U8Type(), None: None}
        self.channels = {t: (d.StreamType if kind == "stream" else d.FutureType)(u8[payload])
                         for t, (kind, payload) in CHANNELS.items()}
        names = {"u32": d.U32Type(), "$t0": self.channels[0], "$t2": self.channels[2]}
        self.types = {name: d.FuncType([d.U32Type()] + ([names[param]] if param else []), [names[result]],
                                       async_=is_async)
                      for name, (param, result, is_async, _) in FUNCTIONS.items()}
        self.instances = {}
        callee = self.stub
        for name in reversed(INSTANCES):
            callee = self.instances[name] = Instance(self, name, callee)

    def stub(self, on_start, on_resolve, caller):
        raise self.d.Trap()

    # What the trace says.
    def peek(self):
        return self.trace[self.at] if self.at < len(self.trace) else ("e",)

    def next_token(self):
        event = self.peek()
        return event[1] if event[0] == "S" else None

    def take(self, event):
        if self.peek()[:len(event)] != event:
            raise Difference(f"after {self.doing}: ours {show(self.peek())}, the oracle {show(event)}")
        self.at += 1

    def step(self, token, kind, r0, r1):
        ours = self.peek()
        # Accepted: a cancelled copy that was partly done tells so with "cancelled" (README).
        if (ours[:3] == ("S", token, kind) and kind == RESULT and self.doing.startswith("cancel-")
                and r0 & 15 == 0 and ours[3] == r0 | 2 and CHANNELS[int(self.doing.split("-")[2])][0] == "stream"):
            r0 |= 2
        self.take(("S", token, kind, r0, r1))
        return ours[5]

    # Choices of definitions.py.
    def choice(self, threads):
        if sys._getframe(1).f_code.co_name == "canon_lift":
            # Accepted: callbacks are not called while a call of a sync type waits (README).
            threads = [t for t in threads if not (t.task.ft.async_ and t.task.needs_exclusive())]
            self.d.trap_if(not threads)
        token = self.next_token()
        for thread in threads:
            if thread.task.token == token:
                return thread
        # A trap without a report: one of the tasks that start, whose arguments are taken first.
        starting = [t for t in threads if t.task.state == self.d.Task.State.INITIAL] or threads
        return sorted(starting, key=lambda t: t.task.token)[self.silent % len(starting)]

    def shuffle(self, waitables):
        event = self.peek()
        if event[0] != "S":
            return
        index = event[3] >> 32 & 0xFFFFFFF
        array = self.d.current_instance().handles.array
        wanted = array[index] if index < len(array) else None
        waitables.sort(key=lambda waitable: waitable is not wanted)

    def randint(self, _low, _high):
        """Thread.wait_until: whether a thread goes on at once when it might. Ours does when it waits for a set."""
        waits_for_set = sys._getframe(2).f_code.co_name == "wait_for_event_and"
        return int(waits_for_set and self.d.current_thread().task.token == self.next_token())

    def holder_first(self, task):
        """Accepted: a guest's call goes behind the thread that holds its callee if that is ready (README)."""
        holder = task.inst.exclusive_thread
        by_guest = task.token not in self.roots
        if by_guest and task.ft.async_ and task.needs_exclusive() and holder is not None and holder.ready():
            holder.resume()

    # The host.
    def act(self, event):
        self.at += 1
        if event[0] == "c":
            _, instance, function, token = event
            self.starting.append(token)
            self.roots[token] = None

            def on_resolve(result):
                self.take(("C", token) if result is None else ("R", token, result[0]))
            self.roots[token] = self.store.invoke(self.instances[instance].functions[function],
                                                  lambda: [token], on_resolve)
        elif event[0] == "k":
            self.roots[event[1]](None)
        elif event[0] == "idle":
            ready = [thread.task.token for thread in self.store.waiting if thread.ready()]
            if ready:
                raise Difference(f"ours is idle, in the oracle {ready} could go on")

    def run(self):
        """None, or what differs."""
        try:
            while self.peek()[0] != "e":
                event = self.peek()
                if event[0] in "ck" or event[0] == "idle":
                    self.act(event)
                elif event[0] == "S" or event[0] == "T" and any(thread.ready() for thread in self.store.waiting):
                    before = self.at
                    self.store.tick()
                    if self.at == before:
                        return f"ours goes on with {show(event)}, in the oracle nothing is ready"
                else:
                    return f"ours {show(event)}, the oracle nothing of that"
        except self.d.Trap:
            return None if self.peek()[0] == "T" else f"after {self.doing}: ours {show(self.peek())}, the oracle traps"
        except Difference as difference:
            return str(difference)
        finally:
            self.d.machine.unwind()
            self.d.Task = self.d.specification_task
        return None


def show(event):
    if event[0] != "S":
        return " ".join(str(part) for part in event)
    kind = {START: "starts with", RESULT: "gets", EVENT: "is called back with"}[event[2]]
    r = event[3]
    value = f"event {r >> 60} {r >> 32 & 0xFFFFFFF} {r & 0xFFFFFFFF:#x}" if event[2] == EVENT else f"{r:#x}"
    return f"task {event[1]} {kind} {value} (memory {event[4]:#x})"
