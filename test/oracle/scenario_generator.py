"""Decides what a scenario does next, while it runs: mostly operations that are valid by what the reports have told."""
import random

from scenario_guest import CHANNELS, EVENT, FUNCTIONS, INSTANCES, NONE, OPS, START

MAX_STEPS = 150  # then tasks end as soon as they can
INVALID = 0.01  # of the operations are anything
BLOCKED = 0xFFFFFFFF


class Handle:
    """What a handle stands for, as far as reports tell. `kind`: set, subtask, r and w (ends of a channel)."""

    def __init__(self, kind, t=None, call=None):
        self.kind, self.t, self.call = kind, t, call
        self.state, self.set, self.other = "idle", 0, None


class Call:
    def __init__(self, caller, callee, function, argument, pointer):
        self.caller, self.callee, self.function = caller, callee, function
        self.argument, self.pointer = argument, pointer


class Task:
    def __init__(self, token, instance, function, steps):
        self.token, self.instance, self.function, self.steps = token, instance, function, steps
        self.lift = FUNCTIONS[function][3]
        self.returned, self.cancelled, self.last, self.forced = False, False, None, []


class Generator:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.handles = {name: {} for name in INSTANCES}
        self.backpressure = {name: 0 for name in INSTANCES}
        self.tasks, self.calls, self.roots = {}, {}, []
        self.token, self.steps, self.turns = 0, 0, 0

    # The host.
    def host(self, idle):
        rng, self.turns = self.rng, self.turns + 1
        chance = rng.random()
        if self.turns > 400:
            return "e"
        if not idle and chance < 0.85:
            return "r"
        live = [token for token in self.roots if not self.calls[token].done]
        cancellable = [token for token in live if not self.calls[token].cancelled]
        if cancellable and rng.random() < 0.3:
            token = rng.choice(cancellable)
            self.calls[token].cancelled = True
            return f"k {token}"
        if (not self.roots or rng.random() < 0.75) and self.steps < MAX_STEPS and len(self.roots) < 8:
            instance = rng.choice("aaabbc")
            function = rng.choice(["f0", "f0", "f0", "f3", "f4"])
            token = self.called(None, instance, function, None, 0)
            self.roots.append(token)
            return f"c {instance} {function} {token}"
        return "e" if idle else "r"

    def called(self, caller, callee, function, argument, pointer):
        self.token += 1
        call = self.calls[self.token] = Call(caller, callee, function, argument, pointer)
        call.done = call.cancelled = False
        return self.token

    def root_done(self, token):
        self.calls[token].done = True

    # Tasks.
    def step(self, token, kind, r):
        """The next operation of a task: name and three arguments."""
        self.steps += 1
        if kind == START:
            self.start(token, r)
        task = self.tasks[token]
        if kind == EVENT:
            self.event(task, r)
        elif task.last is not None:
            self.result(task, r)
        if task.forced:
            op = task.forced.pop(0)
        elif self.rng.random() < INVALID:
            op = self.invalid()
        else:
            op = self.choose(task)
        op = (op + (0, 0, 0))[:4]
        if op[0].startswith("call-") and op[3] == 0:
            function = op[0].split("-")[1]
            at = INSTANCES.index(task.instance) + 1
            callee = INSTANCES[at] if at < len(INSTANCES) else None
            op = op[:3] + (self.called(task.instance, callee, function, op[1], op[2]),)
        task.last = None if op[0] == "exit" else op
        return op

    def start(self, token, r):
        call = self.calls[token]
        self.tasks[token] = Task(token, call.callee, call.function, self.rng.randint(1, 14))
        if FUNCTIONS[call.function][0]:
            moved = self.handles[call.caller].pop(call.argument, None)
            self.handles[call.callee][r] = moved or Handle("r", int(FUNCTIONS[call.function][0][2:]))

    def event(self, task, r):
        self.told(task, r >> 60, r >> 32 & 0xFFFFFFF, r & 0xFFFFFFFF)

    def told(self, task, code, index, payload):
        if code == 6:
            task.cancelled = True
        handle = self.handles[task.instance].get(index)
        if handle is None or code in (0, 6):
            return
        if code == 1:
            self.subtask(task, handle, payload)
        else:
            self.copied(handle, payload)

    def subtask(self, task, handle, state):
        if state < 2:
            return
        handle.state = "done"
        if state == 2 and handle.call and FUNCTIONS[handle.call.function][0]:
            handle.state = "done"
            task.forced.append(("peek", handle.call.pointer))
            task.adopts = handle.call

    def copied(self, handle, payload):
        if payload == BLOCKED:
            handle.state = "copying"
        elif CHANNELS[handle.t][0] == "stream":
            handle.state = "done" if payload & 15 == 1 else "idle"
        else:
            handle.state = "idle" if payload & 15 == 2 else "done"

    def result(self, task, r):
        name, a, b, c = task.last
        handles = self.handles[task.instance]
        words = name.split("-")
        if name.startswith("set.w") or name.startswith("set.p"):
            self.event(task, r)
        elif name == "yield-cancellable":
            task.cancelled |= r == 1
        elif name == "set.new":
            handles[r] = Handle("set")
        elif words[0] == "new":
            reader, writer = Handle("r", int(words[1])), Handle("w", int(words[1]))
            reader.other, writer.other = writer, reader
            handles[r & BLOCKED], handles[r >> 32] = reader, writer
        elif name in ("set.drop", "subtask.drop") or words[0] == "drop":
            handles.pop(a, None)
        elif name == "join" and a in handles:
            handles[a].set = b
        elif words[0] in ("read", "write") and a in handles:
            self.copied(handles[a], r)
        elif words[0] == "cancel" and a in handles:
            self.copied(handles[a], r)
        elif name.startswith("subtask.cancel") and a in handles:
            handles[a].cancelled = True
            if r != BLOCKED:
                self.subtask(task, handles[a], r)
        elif name == "backpressure.inc":
            self.backpressure[task.instance] += 1
        elif name == "backpressure.dec":
            self.backpressure[task.instance] -= 1
        elif name.startswith("return") or name == "task.cancel":
            task.returned = True
            if name.startswith("return-") and name != "return-u32":
                self.calls[task.token].moved = handles.pop(a, None)
        elif name == "peek" and hasattr(task, "adopts"):
            handles[r] = self.returned_end(task.adopts)
            del task.adopts
        elif words[0] == "call":
            self.call_result(task, words, self.calls[c], r)

    def call_result(self, task, words, call, r):
        handles = self.handles[task.instance]
        if len(words) == 2:
            if FUNCTIONS[call.function][0]:
                handles[r] = self.returned_end(call)
            return
        subtask = Handle("subtask", call=call)
        if r & 15 == 2:
            self.subtask(task, subtask, 2)
        else:
            handles[r >> 4] = subtask

    def returned_end(self, call):
        return getattr(call, "moved", None) or Handle("r", int(FUNCTIONS[call.function][1][2:]))

    def invalid(self):
        rng = self.rng
        op = rng.choice([op.name for op in OPS])
        argument = lambda: rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 60000, NONE])
        if op == "exit":
            return ("exit", rng.choice([0, 1, 2, 2, 3, 15]), argument())
        return (op, argument(), argument() % 64, 0 if op.startswith("call-") else argument())

    def choose(self, task):
        rng, handles = self.rng, self.handles[task.instance]
        task.steps -= 1
        if task.cancelled and not task.returned and task.lift != "sync" and rng.random() < 0.5:
            return ("task.cancel",)
        if self.steps > MAX_STEPS or task.steps <= 0 and rng.random() < 0.6:
            return self.finish(task)
        options = self.options(task, handles)
        return rng.choices([op for _, op in options], [weight for weight, _ in options])[0]

    def finish(self, task):
        rng, handles = self.rng, self.handles[task.instance]
        if task.lift == "sync":
            return ("exit", rng.randint(0, 9), 0)
        if task.returned:
            return ("exit", 0, 0)
        payload = FUNCTIONS[task.function][1]
        if payload == "u32":
            return ("return-u32", rng.randint(0, 99))
        t = int(payload[2:])
        ends = [i for i, h in handles.items() if h.kind == "r" and h.t == t and h.state == "idle" and not h.set]
        if not ends:
            return (f"new-{t}",)
        return ("return-stream" if t == 0 else "return-future", rng.choice(ends))

    def pointer(self):
        return self.rng.randrange(0, 56), self.rng.choice([0, 1, 1, 2, 3, 4, 8])

    def options(self, task, handles):
        rng = self.rng
        out = [(0.3, ("context.get",)), (0.3, ("context.set", rng.randint(1, 99))), (0.4, ("yield",)),
               (0.3, ("yield-cancellable",)),
               (0.4, ("poke", rng.randrange(64), rng.randint(0, 255))), (0.15, ("backpressure.inc",)),
               (1.5, self.finish(task))]
        if self.backpressure[task.instance] > 0:
            out.append((1.5, ("backpressure.dec",)))
        sets = [i for i, h in handles.items() if h.kind == "set"]
        if len(sets) < 3:
            out.append((1.5 if sets else 4, ("set.new",)))
        if len(handles) < 14:
            out += [(0.7, (f"new-{t}",)) for t in CHANNELS]
        waitables = [i for i, h in handles.items() if h.kind != "set"]
        if sets:
            chosen = rng.choice(sets)
            members = [h for h in handles.values() if h.set == chosen]
            out += [(0.7, ("set.poll", chosen)), (0.4, ("set.poll-cancellable", chosen)),
                    (0.3 if members else 0.1, ("set.wait", chosen)),
                    (0.5 if members else 0.1, ("set.wait-cancellable", chosen)),
                    (0.05 if members else 0.2, ("set.drop", chosen))]
            busy = [i for i in waitables if handles[i].state == "copying" or handles[i].kind == "subtask"]
            if busy:
                out.append((3, ("join", rng.choice(busy), chosen)))
            if waitables:
                out += [(1, ("join", rng.choice(waitables), chosen)), (0.4, ("join", rng.choice(waitables), 0))]
            if task.lift == "callback":
                out.append((2.5 if members else 0.3, ("exit", 2, chosen)))
        if task.lift == "callback":
            out.append((0.8, ("exit", 1, 0)))
        for i, handle in handles.items():
            if handle.kind == "subtask":
                self.subtask_options(out, i, handle)
            elif handle.kind != "set":
                self.end_options(out, i, handle)
        if task.instance != INSTANCES[-1]:
            self.call_options(out, handles)
        return out

    def subtask_options(self, out, i, handle):
        if handle.state == "done":
            out.append((2, ("subtask.drop", i)))
        elif not hasattr(handle, "cancelled"):
            out.append((0.5, ("subtask.cancel-async", i)))
            if not handle.set:
                out.append((0.3, ("subtask.cancel", i)))

    def end_options(self, out, i, handle):
        reads = handle.kind == "r"
        verb, side = ("read", "readable") if reads else ("write", "writable")
        address, length = self.pointer()
        suffix = self.rng.choice(["-async", "-async", "-async", ""]) if not handle.set else "-async"
        if handle.state == "idle":
            weight = 1.5 if suffix else 0.4
            if handle.other and handle.other.state == "copying":
                weight *= 3
            out.append((weight, (f"{verb}-{handle.t}{suffix}", i, address, length)))
        if handle.state == "copying":
            out.append((0.5, (f"cancel-{verb}-{handle.t}{suffix}", i)))
        elif not (verb == "write" and CHANNELS[handle.t][0] == "future" and handle.state != "done"):
            out.append((0.4, (f"drop-{side}-{handle.t}", i)))

    def call_options(self, out, handles):
        rng = self.rng
        for function, (param, _, is_async, _) in FUNCTIONS.items():
            argument = 0
            if param:
                ends = [i for i, h in handles.items()
                        if h.kind == "r" and h.t == int(param[2:]) and h.state == "idle"]
                if not ends:
                    continue
                argument = rng.choice(ends)
            pointer = rng.randrange(0, 60, 4)
            if is_async:
                out.append((0.9, (f"call-{function}-async", argument, pointer)))
            out.append((0.2, (f"call-{function}", argument, pointer)))
