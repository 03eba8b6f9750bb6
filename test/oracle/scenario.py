"""Random scenarios in our runtime (wisp_scenario) and in the specification's definitions.py, compared.

    scenario.py CLONE WISP_SCENARIO GUEST.wasm [--seconds N] [--seed S] [--count N]
"""
import argparse
import subprocess
import sys
import time

from scenario_generator import Generator
from scenario_guest import EVENT, OPS, pack, START
from scenario_oracle import Oracle, load, show


class Crash(Exception):
    """Our runtime has gone: a sanitizer's report, an assertion."""


class Recorded:
    """The decisions of a scenario, to be made again: the host's, and each task's."""

    def __init__(self, host=(), steps=None):
        self.host_lines, self.ops = list(host), {token: list(ops) for token, ops in (steps or {}).items()}
        self.played, self.at = {}, 0

    def host(self, idle):
        if self.at < len(self.host_lines):
            self.at += 1
            return self.host_lines[self.at - 1]
        return "e" if idle or self.at > 1000 else "r"

    def step(self, token, _kind, _r):
        at = self.played[token] = self.played.get(token, -1) + 1
        ops = self.ops.get(token, [])
        return ops[at] if at < len(ops) else ("exit", 0, 0, 0)

    def root_done(self, token):
        pass

    def items(self):
        return [("host", i) for i in range(len(self.host_lines))] + [
            (token, i) for token, ops in self.ops.items() for i in range(len(ops))]

    def without(self, drop):
        return Recorded([line for i, line in enumerate(self.host_lines) if ("host", i) not in drop],
                        {token: [op for i, op in enumerate(ops) if (token, i) not in drop]
                         for token, ops in self.ops.items()})


class Runtime:
    """Our side."""

    def __init__(self, program, guest):
        self.command = [program, guest]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def play(self, director):
        """The trace of a scenario, and the decisions that were made in it."""
        trace, record, live = [], Recorded(), set()
        hear = self.process.stdout.readline
        self.say(b"n\n")
        while True:
            line = hear()
            if not line:
                raise Crash(f"our runtime ended with {self.process.wait()}")
            words = line.split()
            what = words[0]
            if what == b"S":
                token, kind, r0, r1 = (int(word) for word in words[1:])
                op = director.step(token, kind, r0)
                record.ops.setdefault(token, []).append(op)
                packed = pack(*op)
                trace.append(("S", token, kind, r0, r1, packed))
                self.say(b"%d\n" % packed)
            elif what == b"H":
                idle = words[1] == b"idle"
                if idle and trace and trace[-1] != ("idle",):
                    trace.append(("idle",))
                said = director.host(idle)
                record.host_lines.append(said)
                self.say(said.encode() + b"\n")
                words = said.split()
                if words[0] == "c":
                    live.add(int(words[3]))
                    trace.append(("c", words[1], words[2], int(words[3])))
                elif words[0] == "k" and int(words[1]) in live:
                    live.discard(int(words[1]))
                    trace.append(("k", int(words[1])))
                elif words[0] == "e":
                    trace.append(("e",))
            elif what == b"R":
                trace.append(("R", int(words[1]), int(words[2])))
                live.discard(int(words[1]))
                director.root_done(int(words[1]))
            elif what == b"C":
                trace.append(("C", int(words[1])))
                live.discard(int(words[1]))
                director.root_done(int(words[1]))
            elif what == b"T":
                trace.append(("T", line[2:].decode().strip()))
            elif what == b"E":
                return trace, record


def compare(d, trace):
    try:
        difference = Oracle(d, trace).run()
        if difference and trace[-1][0] == "T":
            difference = next((None for silent in range(1, 6) if not Oracle(d, trace, silent).run()), difference)
        return difference
    except AssertionError as failure:
        line = failure.__traceback__
        while line.tb_next:
            line = line.tb_next
        return f"an assertion of definitions.py fails in line {line.tb_lineno} ({line.tb_frame.f_code.co_name})"


def shrink(d, runtime, record):
    """Drops decisions while ours and the oracle still differ."""
    def differs(candidate):
        trace, _ = runtime.play(Recorded(candidate.host_lines, candidate.ops))
        return compare(d, trace)
    if not differs(record):
        return record
    size = max(1, len(record.items()) // 2)
    while size >= 1:
        at, changed = 0, False
        while at < len(record.items()):
            candidate = record.without(set(record.items()[at:at + size]))
            if differs(candidate):
                record, changed = candidate, True
            else:
                at += size
        if not changed or size > 1:
            size //= 2
    return record


def describe(trace):
    for event in trace:
        line = show(event)
        if event[0] == "S":
            packed = event[5]
            arguments = " ".join(str(packed >> shift & 0xFFFF) for shift in (8, 24, 40))
            line += f" -> {OPS[packed & 255].name} {arguments}"
        print("   ", line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("clone")
    parser.add_argument("program")
    parser.add_argument("guest")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--count", type=int, default=0, help="scenarios; 0: as many as the time allows")
    parser.add_argument("--keep-going", type=int, default=1, help="differences before it gives up")
    parser.add_argument("--show", action="store_true", help="print the traces")
    options = parser.parse_args()
    d, runtime = load(options.clone), Runtime(options.program, options.guest)
    print(f"first seed {options.seed}", flush=True)
    end, seed = time.monotonic() + options.seconds, options.seed
    counts = {"scenarios": 0, "steps": 0, "traps": 0, "differences": 0}
    used = {}
    while time.monotonic() < end and (options.count == 0 or counts["scenarios"] < options.count):
        try:
            trace, record = runtime.play(Generator(seed))
        except Crash as crash:
            print(f"seed {seed}: {crash}")
            return 1
        counts["scenarios"] += 1
        for event in trace:
            if event[0] == "S":
                counts["steps"] += 1
                name = OPS[event[5] & 255].name
                used[name] = used.get(name, 0) + 1
        counts["traps"] += trace[-1][0] == "T"
        if options.show:
            describe(trace)
        difference = compare(d, trace)
        if difference:
            counts["differences"] += 1
            small = shrink(d, runtime, record)
            trace, _ = runtime.play(Recorded(small.host_lines, small.ops))
            print(f"seed {seed}: {difference}\n  shrunk: {compare(d, trace)}")
            describe(trace)
            sys.stdout.flush()
            if counts["differences"] >= options.keep_going:
                break
        seed += 1
    runtime.process.stdin.close()
    status = runtime.process.wait()
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    unused = [op.name for op in OPS if op.name not in used]
    if unused:
        print("never used:", ", ".join(unused))
    return 1 if counts["differences"] or status != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
