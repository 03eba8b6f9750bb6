#!/usr/bin/env python3
"""Requests per second and CPU per request of wisp beside nginx and wasmtime serve, on this machine, in one run.

bench/http.py [--runs 5] [--seconds 10] [--connections 64] [--json FILE] [--only NAME,…]

Each server answers the same 13-byte body over keep-alive connections from `wrk -t1`. The servers take turns in
alternating order; medians count. Only ratios of one run mean anything. CPU per request is the server's user and system
time, children included, over the requests answered: the steadier figure, because the client runs on the same cores.
"""
import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = os.environ.get("WISP_CACHE", os.path.expanduser("~/.cache/wisp"))
WISP = os.path.join(ROOT, "build", "release", "wisp")
WASMTIME = os.path.join(CACHE, "bench", "bin", "wasmtime")
GUEST = os.path.join(ROOT, "build", "guests", "hello.wasm")
TICKS = os.sysconf("SC_CLK_TCK")


def children(pid):
    found = [pid]
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry))
    return found


def cpu_seconds(pid):
    total = 0
    for one in children(pid):
        try:
            with open(f"/proc/{one}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICKS


def resident_kib(pid):
    total = 0
    for one in children(pid):
        try:
            with open(f"/proc/{one}/status") as status:
                found = re.search(r"VmRSS:\s+(\d+)", status.read())
            total += int(found.group(1)) if found else 0
        except OSError:
            pass
    return total


class Server:
    """A process that listens, and how to find out where."""

    def __init__(self, name, command, port=None, url=None):
        self.name, self.command, self.port, self.url_pattern = name, command, port, url

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            url = f"http://127.0.0.1:{self.port}/" if self.port else self.find_url()
            if url and subprocess.call(["curl", "-sf", "-o", "/dev/null", url]) == 0:
                self.url = url
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.log.seek(0)
        raise RuntimeError(f"{self.name} does not answer: {self.log.read()}")

    def find_url(self):
        self.log.seek(0)
        found = re.search(r"http://[0-9.]+:\d+", self.log.read())
        return found.group(0) + "/" if found else None

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(folder):
    port = free_port()
    with open(os.path.join(ROOT, "bench", "nginx.conf")) as template:
        text = template.read().replace("@PORT@", str(port)).replace("@FOLDER@", folder)
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w") as out:
        out.write(text)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    return Server("nginx", [program, "-c", path, "-p", folder], port=port)


def servers(folder):
    serve = [WISP, "serve", GUEST, "--addr", "127.0.0.1:0", "--shards", "2"]
    found = [
        nginx(folder),
        Server("wisp fresh", serve),
        Server("wisp reuse 1000", serve + ["--max-invocations", "1000"]),
    ]
    if os.path.exists(WASMTIME):
        port = free_port()
        # -Scli: what Rust and C guests need of WASI beside wasi:http. Its own cache stays off.
        found.append(Server("wasmtime serve", [WASMTIME, "serve", "-Scli", "--addr", f"127.0.0.1:{port}", GUEST], port=port))
    else:
        print("SKIP wasmtime serve: not installed (tools/setup --bench)", file=sys.stderr)
    return found


def measure(server, seconds, connections):
    with server:
        subprocess.run(["wrk", "-t1", f"-c{connections}", "-d1s", server.url], check=True, capture_output=True)
        before = cpu_seconds(server.process.pid)
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", server.url],
                             check=True, capture_output=True, text=True).stdout
        used = cpu_seconds(server.process.pid) - before
        requests = int(re.search(r"(\d+) requests in", out).group(1))
        errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        sockets = re.search(r"Socket errors: (.*)", out)
        return {
            "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            "cpu_us_per_request": used / requests * 1e6,
            "p99": re.search(r"99%\s+(\S+)", out).group(1),
            "rss_kib": resident_kib(server.process.pid),
            "failed": (int(errors.group(1)) if errors else 0) + (1 if sockets else 0),
        }


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--json")
    options.add_argument("--only")
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        chosen = servers(folder)
        if args.only:
            chosen = [server for server in chosen if server.name in args.only.split(",")]
        results = {server.name: [] for server in chosen}
        for run in range(args.runs):
            for server in chosen if run % 2 == 0 else reversed(chosen):
                result = measure(server, args.seconds, args.connections)
                results[server.name].append(result)
                print(f"run {run + 1}: {server.name:18} {result['requests_per_second']:10.0f} req/s"
                      f" {result['cpu_us_per_request']:7.1f} µs CPU  p99 {result['p99']:>8}"
                      f"  failed {result['failed']}", file=sys.stderr)
    summary = {
        name: {
            "requests_per_second": statistics.median(r["requests_per_second"] for r in runs),
            "cpu_us_per_request": statistics.median(r["cpu_us_per_request"] for r in runs),
            "rss_kib": statistics.median(r["rss_kib"] for r in runs),
            "failed": sum(r["failed"] for r in runs),
        }
        for name, runs in results.items()
    }
    base = {name: summary[name]["requests_per_second"] for name in ("nginx", "wasmtime serve") if name in summary}
    print(f"{'':18} {'req/s':>10} {'µs CPU/req':>11} {'RSS MiB':>8}" + "".join(f"{'× ' + name:>18}" for name in base))
    for name, row in summary.items():
        ratios = "".join(f"{row['requests_per_second'] / value:18.2f}" for value in base.values())
        print(f"{name:18} {row['requests_per_second']:10.0f} {row['cpu_us_per_request']:11.1f} {row['rss_kib'] / 1024:8.1f}{ratios}")
    if args.json:
        with open(args.json, "w") as out:
            json.dump({"summary": summary, "runs": results}, out, indent=1)
            out.write("\n")
    return 1 if any(row["failed"] for row in summary.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
