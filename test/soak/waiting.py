#!/usr/bin/env python3
"""--requests in one instance of a 0.3 component at once, each waiting on a timer: what one costs, and what happens to the others when half of their clients leave."""
import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


class Client:
    """A connection that is kept."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def ask(self, target):
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    def answer(self):
        """The status and the body of an answer with a length; None where the server has closed."""
        text = b""
        while (end := text.find(b"\r\n\r\n")) < 0:
            if not (piece := self.socket.recv(65536)):
                return None
            text += piece
        length = int(re.search(rb"(?i)content-length: (\d+)", text).group(1))
        while len(text) < end + 4 + length:
            text += self.socket.recv(65536)
        return int(text[9:12]), text[end + 4:].decode()

    def get(self, target):
        self.ask(target)
        return self.answer()


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--kib", type=float, default=4, help="what one that waits may cost beside the guest's own memory")
    parser.add_argument("--wisp", default=os.path.join(ROOT, "build", "release", "wisp"))
    options = parser.parse_args()
    guest = os.path.join(ROOT, "build", "guests", "p3-http.wasm")
    count = options.requests
    wait_ms = 4000 + 4 * count

    server = subprocess.Popen([options.wisp, "serve", "--addr", "127.0.0.1:0", "--shards", "1", "--max-instances", "1", "--max-invocations", "0", "--max-concurrency", str(count + 2),
                               "--request-timeout", "0", guest], stderr=subprocess.PIPE, text=True)
    port = int(re.search(r":(\d+)$", server.stderr.readline().strip()).group(1))
    try:
        observer = Client(port)
        waiting = lambda: int(observer.get("/jobs")[1]) // 2  # the guest has two coroutines for each
        clients = [Client(port) for _ in range(count)]
        for client in clients:
            assert client.get("/")[0] == 200
        memory = lambda: int(observer.get("/memory")[1]) // 1024
        idle, own = resident(server.pid), memory()
        for client in clients:
            client.ask(f"/sleep?ms={wait_ms}")
        most = 0
        def all_wait():
            nonlocal most
            most = max(most, waiting())
            return most == count
        if not until(all_wait):
            raise SystemExit(f"only {most} of {count} requests wait")
        grown, own = resident(server.pid) - idle, memory() - own
        cost = (grown - own) / count
        print(f"{count} requests wait in one instance: {cost:.2f} KiB each, and {own / count:.2f} of the guest's memory (connections were there)")

        leaving, staying = clients[::2], clients[1::2]
        for client in leaving:
            client.socket.close()
        cancelled = until(lambda: waiting() == len(staying), 3)
        print(f"{len(leaving)} clients left: {waiting()} go on")
        answers = [client.answer() for client in staying]
        finished = sum(1 for answer in answers if answer is not None and answer[0] == 200)
        served = int(observer.get("/instance")[1])
        print(f"{finished} of {len(staying)} others finished; the instance has been asked {served} times and holds {waiting()}")
        ok = cost <= options.kib and cancelled and finished == len(staying) and waiting() == 0 and served > 2 * count
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(30)
    if status != 0:
        print(f"the server ended with {status}", file=sys.stderr)
    sys.exit(0 if ok and status == 0 else 1)


main()
