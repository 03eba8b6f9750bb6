#!/usr/bin/env python3
"""Mixed load on `wisp serve` with everything that goes wrong: traps, endless loops, endless allocation, clients that leave.

test/soak/soak.py [--seconds 600] [--reuse N]      run from anywhere; needs build/release/wisp and build/guests

Checks while it runs that every well-behaved request is answered correctly, and at its end that the server is alive, that
its resident memory did not grow after the first fifth of the time by more than 16 MiB, and that it drains on SIGTERM.
Ends with `N passed, N failed` over the requests that had to be answered.
"""
import argparse
import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WISP = os.environ.get("WISP", os.path.join(ROOT, "build", "release", "wisp"))
GUEST = os.path.join(ROOT, "build", "guests", "http-echo.wasm")


class Counters:
    def __init__(self):
        self.lock = threading.Lock()
        self.good = self.bad = 0
        self.hostile = {}
        self.complaints = []

    def passed(self):
        with self.lock:
            self.good += 1

    def failed(self, why):
        with self.lock:
            self.bad += 1
            if len(self.complaints) < 20:
                self.complaints.append(why)

    def met(self, what):
        with self.lock:
            self.hostile[what] = self.hostile.get(what, 0) + 1


def polite(port, until, counters, seed):
    """Echoes bodies of all sizes over kept connections; every answer must be right."""
    chance = random.Random(seed)
    connection = None
    while time.monotonic() < until:
        size = chance.choice([0, 1, 13, 1000, 65_536, 300_000])
        body = bytes(chance.getrandbits(8) for _ in range(min(size, 1000))) * max(1, size // 1000)
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/echo", body)
            response = connection.getresponse()
            answer = response.read()
            if response.status == 200 and answer == body:
                counters.passed()
            else:
                counters.failed(f"echo of {len(body)} bytes: status {response.status}, {len(answer)} bytes")
        except (OSError, http.client.HTTPException) as problem:
            counters.failed(f"echo of {len(body)} bytes: {problem!r}")
            connection = None
        time.sleep(0.002)


def hostile(port, until, counters, seed):
    """Requests that trap, spin and allocate; clients that vanish. None of it may reach the others."""
    chance = random.Random(seed)
    expected = {"/trap": (502,), "/spin": (502, 504), "/alloc": (502,)}
    while time.monotonic() < until:
        path = chance.choice(["/trap", "/trap", "/trap", "/alloc", "/spin", "leave", "leave", "half", "garbage"])
        try:
            if path in expected:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request("GET", path)
                status = connection.getresponse().status
                connection.close()
                if status not in expected[path]:
                    counters.failed(f"{path}: status {status}")
            else:
                with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
                    if path == "leave":
                        raw.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 50_000)
                        time.sleep(chance.random() * 0.02)
                    elif path == "half":
                        raw.sendall(b"GET / HTTP/1.1\r\nHos")
                    else:
                        raw.sendall(bytes(chance.getrandbits(8) for _ in range(200)) + b"\r\n\r\n")
        except (OSError, http.client.HTTPException) as problem:
            counters.failed(f"{path}: {problem!r}") if path in expected else None
        counters.met(path)
        time.sleep(0.01)


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--reuse", type=int, default=1, help="--max-invocations of the server")
    args = options.parse_args()
    log = tempfile.TemporaryFile("w+")
    server = subprocess.Popen(
        [WISP, "serve", GUEST, "--addr", "127.0.0.1:0", "--cpu-budget", "200", "--max-memory", "64MiB",
         "--request-timeout", "20000", "--max-invocations", str(args.reuse)], stderr=log, stdout=subprocess.DEVNULL)
    port = None
    for _ in range(600):
        log.seek(0)
        found = re.search(r"http://127\.0\.0\.1:(\d+)", log.read())
        if found:
            port = int(found.group(1))
            break
        time.sleep(0.05)
    if port is None:
        print("the server does not start", file=sys.stderr)
        return 1
    counters = Counters()
    begin = time.monotonic()
    until = begin + args.seconds
    threads = [threading.Thread(target=polite, args=(port, until, counters, n)) for n in range(8)]
    threads += [threading.Thread(target=hostile, args=(port, until, counters, 100 + n)) for n in range(3)]
    for thread in threads:
        thread.start()
    settled = None
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(5, args.seconds / 20))
        if server.poll() is not None:
            break
        now = resident_mib(server.pid)
        if settled is None and time.monotonic() - begin > args.seconds / 5:
            settled = now
        print(f"{time.monotonic() - begin:6.0f} s  {counters.good} answered, {counters.bad} wrong, {now:.1f} MiB", flush=True)
    problems = []
    if server.poll() is not None:
        problems.append(f"the server ended with status {server.returncode}")
    else:
        time.sleep(1)
        final = resident_mib(server.pid)
        if settled is not None and final > settled + 16:
            problems.append(f"resident memory grew from {settled:.1f} to {final:.1f} MiB")
        print(f"resident: {settled or final:.1f} MiB after a fifth, {final:.1f} MiB at the end")
        server.send_signal(signal.SIGTERM)
        try:
            if server.wait(40) != 0:
                problems.append(f"the server drained with status {server.returncode}")
        except subprocess.TimeoutExpired:
            server.kill()
            problems.append("the server did not drain")
    for thread in threads:
        thread.join()
    print("hostile:", ", ".join(f"{what} {count}" for what, count in sorted(counters.hostile.items())))
    for complaint in counters.complaints + problems:
        print("failed:", complaint)
    print(f"{counters.good} passed, {counters.bad + len(problems)} failed")
    return 1 if counters.bad or problems or not counters.good else 0


if __name__ == "__main__":
    sys.exit(main())
