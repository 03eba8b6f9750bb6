#!/usr/bin/env python3
"""Streams a body of --mib each way through a guest of wasi:http 0.3, as /echo and as /proxy to another, and watches how the servers' memory grows."""
import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PIECE = 1 << 20


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


class Server:
    """`wisp serve` with one shard."""

    def __init__(self, wisp, arguments):
        self.process = subprocess.Popen([wisp, "serve", "--addr", "127.0.0.1:0", "--shards", "1", "--request-timeout", "0", *arguments],
                                        stderr=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)$", self.process.stderr.readline().strip()).group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


def stream(port, target, size):
    """Sends `size` bytes and reads them back at the same time; how many came."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n".encode())

        def send():
            piece = b"x" * PIECE
            for _ in range(size // PIECE):
                connection.sendall(piece)

        sender = threading.Thread(target=send)
        sender.start()
        count = 0
        buffer = bytearray(PIECE)
        while (got := connection.recv_into(buffer)) != 0:
            count += buffer.count(b"x", 0, got)
        sender.join()
        return count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--growth-mib", type=float, default=8, help="what each server may grow by")
    parser.add_argument("--wisp", default=os.path.join(ROOT, "build", "release", "wisp"))
    options = parser.parse_args()
    guest = os.path.join(ROOT, "build", "guests", "p3-http.wasm")
    size = options.mib * PIECE

    origin = Server(options.wisp, [guest])
    proxy = Server(options.wisp, ["--allow-host", f"127.0.0.1:{origin.port}", guest])
    servers = {"origin": origin, "proxy": proxy}
    ways = {"echo": (origin.port, "/echo"), "pass": (origin.port, "/pass"),
            "proxy": (proxy.port, f"/proxy?url=http://127.0.0.1:{origin.port}/echo")}
    failed = False
    for name, (port, target) in ways.items():
        stream(port, target, 8 * PIECE)  # what is allocated once
        before = {each: resident(server.process.pid) for each, server in servers.items()}
        most = dict(before)
        done = threading.Event()

        def watch():
            while not done.wait(0.05):
                for each, server in servers.items():
                    most[each] = max(most[each], resident(server.process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.monotonic()
        count = stream(port, target, size)
        seconds = time.monotonic() - start
        done.set()
        watcher.join()
        growth = max(most[each] - before[each] for each in servers) / 1024
        good = count == size and growth <= options.growth_mib
        failed |= not good
        print(f"{name:6} {count / PIECE:.0f} MiB each way in {seconds:.1f} s, {count / PIECE / seconds:.0f} MiB/s; RSS grew by {growth:.1f} MiB: {'ok' if good else 'FAILED'}",
              flush=True)
    failed |= any(server.stop() != 0 for server in servers.values())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
