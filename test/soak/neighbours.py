#!/usr/bin/env python3
"""What one guest does to the others of its shard: latency beside an endless loop and beside one that blocks.

test/soak/neighbours.py [--seconds 8]      run from anywhere; needs build/release/wisp, build/guests and wrk (tools/setup --bench)

One shard, wrk with four connections on fast requests, alone and then beside the neighbour. Asked: an endless loop adds at
most 3 ms to their p99 and is killed at its CPU budget; a guest of WASI 0.2 that blocks for 10 s adds at most 5 ms.
Ends with `N passed, N failed`. The machine must be quiet.
"""
import argparse
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WISP = os.environ.get("WISP", os.path.join(ROOT, "build", "release", "wisp"))


def guest(name):
    return os.path.join(ROOT, "build", "guests", name + ".wasm")


class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([WISP, "serve", "--addr", "127.0.0.1:0", "--shards", "1", *arguments],
                                        stderr=subprocess.PIPE, text=True)
        first = self.process.stderr.readline()
        self.port = int(re.search(r":(\d+)\s*$", first).group(1))
        # What follows are failures that this script provokes.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def get(self, target, timeout=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.request("GET", target)
        return connection.getresponse().status


def p99(server, seconds):
    """Milliseconds."""
    said = subprocess.run(["wrk", "-t1", "-c4", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{server.port}/"],
                          check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(f"requests failed:\n{said}")
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return float(value) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def beside(server, target, count, seconds):
    """p99 while `count` requests for `target` are in flight all the time."""
    over = threading.Event()

    def neighbour():
        while not over.is_set():
            try:
                server.get(target)
            except OSError:
                return

    for _ in range(count):
        threading.Thread(target=neighbour, daemon=True).start()
    time.sleep(0.3)
    measured = p99(server, seconds)
    over.set()
    return measured


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=8)
    seconds = parser.parse_args().seconds
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: tools/setup --bench")
    counts = [0, 0]

    def judge(what, figure, limit, unit="ms"):
        good = figure <= limit
        counts[0 if good else 1] += 1
        print(f"{what}: {figure:.2f} {unit} (asked {limit}){'' if good else '  FAILED'}", flush=True)

    for name, target, count, limit, arguments in (
            ("endless loop, 0.2 guests", "/spin", 1, 3, ("--max-invocations", "1000", guest("http-echo"))),
            ("endless loop, 0.3 guests", "/spin", 1, 3, (guest("p3-block"),)),
            ("blocked in poll of 0.2 for 10 s, 0.3 guests", "/block?ms=10000", 1, 5, (guest("p3-block"),)),
            ("eight blocked, 0.3 guests", "/block?ms=10000", 8, 5, (guest("p3-block"),))):
        with Server("--cpu-budget", "600000", *arguments) as server:
            p99(server, 1)
            alone = p99(server, seconds)
            loaded = beside(server, target, count, seconds)
            print(f"{name}: p99 {alone:.3f} ms alone, {loaded:.3f} beside it")
            judge("  added", max(0.0, loaded - alone), limit)

    for name in ("http-echo", "p3-block"):
        with Server("--cpu-budget", "300", guest(name)) as server:
            begin = time.monotonic()
            status = server.get("/spin")
            took = (time.monotonic() - begin) * 1000
            print(f"{name}: /spin with a CPU budget of 300 ms: {status} after {took:.0f} ms")
            judge("  answered after", took if status == 502 else float("inf"), 400)

    print(f"{counts[0]} passed, {counts[1]} failed")
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
