"""The components of WASI 0.3 and of the component model's async features that the jco repository keeps built, each run as the driver
beside it in that repository has it: commands, HTTP services, and what wants a host of its own, which fixtures.cpp is. Which there
are, and what their drivers want, is said here in our own words."""
import argparse
import concurrent.futures
import http.client
import http.server
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

import expected

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FIXTURES = os.path.join("packages", "jco-transpile", "test", "fixtures", "components", "p3")
TIMEOUT_SECONDS = 120

# --- what the drivers want ---

# Commands: they look at what they get themselves, and fail when it is wrong. Arguments after the name of the program.
COMMANDS = {
    "cli/p3-cli": ["."],
    "cli/p3-cli-hello-stdout": [],
    "cli/p3-cli-hello-stdout-post-return": [],
    "cli/p3-cli-much-stdout": ["hello, world\n", "1"],
    "clocks/p3-clocks-sleep": [],
    "fs/p3-file-write": [],
    "fs/p3-filesystem-file-read-write": [],
    "fs/p3-readdir": [],
    "random/p3-random-imports": [],
    "sockets/p3-sockets-ip-name-lookup": [],
}
COMMANDS |= {f"http/p3-http-outbound-request-{name}": [] for name in (
    "content-length", "get", "invalid-dnsname", "invalid-header", "invalid-port", "invalid-version", "large-post",
    "missing-path-and-query", "post", "put", "response-build", "timeout", "unknown-method", "unsupported-scheme")}
TCP = ("bind", "connect", "listen", "sample-application", "sockopts", "states", "streams")
UDP = ("bind", "connect", "receive", "sample-application", "send", "sockopts", "states")
# Each is there twice: beside each other, and in a folder for its protocol.
COMMANDS |= {f"sockets/{folder}p3-sockets-{protocol}-{name}": [] for protocol, names in (("tcp", TCP), ("udp", UDP))
             for folder in ("", f"{protocol}/") for name in names}
SAYS = {"cli/p3-cli-hello-stdout": b"hello, world\n", "cli/p3-cli-much-stdout": b"hello, world\n"}
# Those that want a network this machine may lack: names of the world resolve, addresses of documentation are silent.
NETWORKS = ("sockets/p3-sockets-ip-name-lookup", "http/p3-http-outbound-request-timeout")
NAMES = ("example.com", "api.github.com", "docs.wasmtime.dev")
SILENT = "203.0.113.0/24"
# What the first argument must be, where it is looked at.
CALLED = {"cli/p3-cli": "p3_cli.component"}

ECHO = {"headers": {"foo": "bar"}, "body": b"And the mome raths outgrabe", "trailers": {"fizz": "buzz"}}
# Services: the request, what its answer must have at least, and which component provides the handler that a middleware wants.
SERVICES = [
    ("http/p3-http-echo", ECHO, ECHO, None),
    ("http/p3-http-echo", ECHO | {"headers": {"foo": "bar", "x-host-to-host": "true"}}, ECHO, None),
    ("http/p3-api-proxy", {}, {"body": b"hello, world!"}, None),
    ("cli/p3-cli-serve-hello-world", {}, {"body": b"Hello, WASI!"}, None),
    ("http/p3-http-middleware", ECHO, ECHO, "wasi:http/handler@0.3.0"),
    ("http/p3-http-middleware-with-chain", ECHO, ECHO, "local:local/chain-http"),
    ("http/p3-http-proxy", ECHO | {"method": "POST", "target": "/post", "url": "/proxy"},
     {"body": ECHO["body"], "headers": {"x-wasmtime-test-method": "POST", "x-wasmtime-test-uri": "/proxy"}}, None),
]
RUN = "local:local/run#run()"
IN_AND_OUT = " - entered guest - entered host - exited host - exited guest"
ROUND_TRIP = ['local:local/baz#foo("hello, world!")']
ROUND_TRIP_SAYS = f'"hello, world!{IN_AND_OUT}"\n'
MANY = """local:local/many#foo("hello, world!", 42, [42, 42, 42], (7, 8), {a: [1, 2], b: true, c: 9}, """ \
       """some({a: [3], b: false, c: 10}), err)"""
MANY_SAYS = MANY.removeprefix("local:local/many#foo").replace("hello, world!", "hello, world!" + IN_AND_OUT) + "\n"


class Scene:
    """Calls in one instance, by wisp_fixtures. `callee`: what is plugged into the component's imports. `runs`: False where the
    driver leaves the component out (a skipped test, or none); what it should do is then its own source's word. `fails`: what
    the error must say."""

    def __init__(self, name, calls, says="", callee=None, features=None, fails=None, runs=True):
        self.name, self.calls, self.says, self.callee = name, calls, says, callee
        self.features, self.fails, self.runs = features, fails, runs


SCENES = [
    Scene("backpressure/async-backpressure-caller", [RUN], callee="backpressure/async-backpressure-callee"),
    Scene("backpressure-sync/component", ["inc-backpressure()", "dec-backpressure()"]),
    Scene("context-sync/component", ["push-context(33)", "pull-context()"], "33\n0\n"),
    Scene("error-context/async-error-context", [RUN], features="error-context"),
    Scene("error-context/async-error-context-caller", [RUN], callee="error-context/async-error-context-callee",
          features="error-context"),
    Scene("general/async-borrowing-caller", ["run-bool#run(false)"], "foo: 1\n", callee="general/async-borrowing-callee"),
    Scene("general/async-borrowing-caller", ["run-bool#run(true)"], callee="general/async-borrowing-callee", fails="handle"),
    Scene("general/async-borrowing-callee", ["run-bool#run(false)"], "foo: 1\n"),
    Scene("general/async-intertask-communication", ["two-runs", "two-runs"], runs=False),
    Scene("general/async-post-return-caller", [RUN], callee="general/async-post-return-callee"),
    Scene("general/async-sleep-post-return-callee", ["sleep-post-return#run(300)"], runs=False),
    Scene("general/async-sleep-post-return-caller", ["sleep-post-return#run(300)"], callee="general/async-sleep-post-return-callee", runs=False),
    Scene("general/async-transmit-caller", [RUN], callee="general/async-transmit-callee", runs=False),
    Scene("poll/async-poll-stackless", [RUN], runs=False),
    Scene("poll/async-poll-synchronous", [RUN], runs=False),
    Scene("streams/async-closed-stream", ["closed-stream"]),
    Scene("streams/async-closed-streams", ["closed-streams"], runs=False),
    Scene("streams/async-read-resource-stream", [RUN], "foo: 7\n", runs=False),
    Scene("streams/async-unit-stream-caller", [RUN], callee="streams/async-unit-stream-callee"),
    Scene("yield/async-yield-caller", [RUN], callee="yield/async-yield-callee-stackless"),
    Scene("yield/async-yield-caller", [RUN], callee="yield/async-yield-callee-synchronous"),
]
SCENES += [Scene(f"round-trip/async-round-trip-{name}", ROUND_TRIP, ROUND_TRIP_SAYS, runs=False,
                 features="stackful" if name == "stackful" else None)
           for name in ("stackful", "stackless", "stackless-sync-import", "synchronous", "wait")]
SCENES += [Scene(f"round-trip/async-round-trip-many-{name}", [MANY], MANY_SAYS, runs=False,
                 features="stackful" if name == "stackful" else None) for name in ("stackful", "stackless", "synchronous", "wait")]

# Drivers, where there are any, that are not followed: the component is looked at alone.
UNPLAYED = {
    "cli/p3-cli-serve-sleep": "its driver does not run it",
    "general/async-readiness": "skipped by its driver; it relies on a host that writes and drops at once",
    "general/async-short-reads": "skipped by its driver; its host takes resources of the component into a stream of its own",
    "general/async-synchronous-transmit": "without a driver",
    "round-trip/async-round-trip-direct-stackless": "skipped by its driver; it imports a function of the world itself",
}
FEATURES = {"general/async-synchronous-transmit": "more-async-builtins"}


class Failure(Exception):
    pass


def last_line(text):
    lines = text.decode(errors="replace").strip().splitlines()
    return " ".join(lines[:3]) if lines else "no output"


# --- commands ---

class Upstream(http.server.BaseHTTPRequestHandler):
    """What outgoing requests reach: answers with the request's body, and says in headers how it was asked."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = self.headers["content-length"]
        self.send_response(200)
        self.send_header("content-type", "application/octet-stream")
        self.send_header("x-wasmtime-test-method", self.command)
        self.send_header("x-wasmtime-test-uri", self.path)
        if length is not None:
            self.send_header("content-length", length)
            self.end_headers()
            self.wfile.flush()
            left = int(length)
            while left and (part := self.rfile.read1(min(left, 65536))):
                left -= len(part)
                self.wfile.write(part)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        if self.headers["transfer-encoding"] == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.wfile.write(b"%x\r\n%s\r\n" % (size, self.rfile.read(size)))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_PUT = answer

    def do_CONNECT(self):
        self.close_connection = True

    def log_message(self, *_):
        pass


def run_command(runner, name):
    with tempfile.TemporaryDirectory(prefix="wisp-jco-") as folder:
        path = runner.path(name)
        if name in CALLED:
            path = os.path.join(runner.folder, CALLED[name])
            os.symlink(runner.path(name), path)
        command = [runner.wisp, "run", "--dir", f"{folder}::/", "--env", f"HTTP_SERVER={runner.upstream}", "--allow-dns",
                   "--allow-host", "0.0.0.0/0", "--allow-host", "::/0", "--allow-host", "*", "--allow-host", "localhost",
                   "--allow-host", SILENT, "--allow-listen", path, *COMMANDS[name]]
        if name in NETWORKS:
            command = [*runner.network(), *command]
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Failure(f"exit status {done.returncode}: {last_line(done.stderr)}")
    if name in SAYS and done.stdout != SAYS[name]:
        raise Failure(f"it says {done.stdout!r}, not {SAYS[name]!r}")


# --- scenes ---

def play(runner, scene):
    path = runner.path(scene.name)
    if scene.callee is not None:
        path = runner.made(f"{scene.name} with {scene.callee}", lambda made: runner.guest_tool(
            "plug", runner.path(scene.name), made, runner.path(scene.callee)))
    options = ["--features", scene.features] if scene.features else []
    done = subprocess.run([runner.player, *options, path, *scene.calls], capture_output=True, timeout=TIMEOUT_SECONDS,
                          stdin=subprocess.DEVNULL)
    if scene.fails is not None:
        if done.returncode == 0 or scene.fails not in done.stderr.decode(errors="replace"):
            raise Failure(f"exit status {done.returncode}, not a failure about {scene.fails!r}: {last_line(done.stderr)}")
        return
    if done.returncode != 0:
        raise Failure(last_line(done.stderr))
    if done.stdout.decode() != scene.says:
        raise Failure(f"it says {done.stdout!r}, not {scene.says!r}")


# --- services ---

class Server:
    def __init__(self, command):
        self.log = []
        self.port = None
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        threading.Thread(target=self._read, daemon=True).start()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self.port is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise Failure(f"the server did not start: {' '.join(self.log)}")
            time.sleep(0.01)

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.strip())
            if found := re.match(r"Serving HTTP on http://[^:/]+:(\d+)", line):
                self.port = int(found.group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def fields_of(lines):
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def read_answer(stream):
    """Status, headers, body and trailers; http.client does not give trailers away."""
    def lines():
        found = []
        while line := stream.readline().strip():
            found.append(line.decode())
        return found
    head = lines()
    if not head:
        raise Failure("the connection was closed without an answer")
    headers = fields_of(head[1:])
    if "content-length" in headers:
        return int(head[0].split()[1]), headers, stream.read(int(headers["content-length"])), {}
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(stream.readline() or b"-1", 16):
            if size < 0:
                raise Failure(f"the body broke off after {len(body)} bytes")
            body += stream.read(size)
            stream.readline()
    return int(head[0].split()[1]), headers, body, fields_of(lines())


def ask(port, request):
    head = [f"{request.get('method', 'GET')} {request.get('target', '/')} HTTP/1.1", "Host: localhost", "Connection: close"]
    head += [f"{name}: {value}" for name, value in request.get("headers", {}).items()]
    body = b"\r\n"
    if "body" in request:
        head.append("Transfer-Encoding: chunked")
        trailers = "".join(f"{name}: {value}\r\n" for name, value in request["trailers"].items())
        body = b"\r\n%x\r\n%s\r\n0\r\n%s\r\n" % (len(request["body"]), request["body"], trailers.encode())
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
        connection.sendall("\r\n".join(head).encode() + b"\r\n" + body)
        with connection.makefile("rb") as stream:
            return read_answer(stream)


def run_service(runner, name, request, wanted, handler):
    options = []
    if handler is not None:
        options += ["--with", runner.echo_as(handler)]
    if "url" in request:
        request = request | {"headers": request["headers"] | {"url": f"http://{runner.upstream}{request['url']}"}}
        options += ["--allow-host", runner.upstream]
    with Server([runner.wisp, "serve", "--addr", "127.0.0.1:0", *options, runner.path(name)]) as server:
        status, headers, body, trailers = ask(server.port, request)
        if status != 200:
            raise Failure(f"status {status}: {' '.join(server.log[1:4])}")
    for what, found in (("headers", headers), ("trailers", trailers)):
        for key, value in wanted.get(what, {}).items():
            if found.get(key) != value:
                raise Failure(f"{what}: {key} is {found.get(key)!r}, not {value!r}")
    if body != wanted.get("body", body):
        raise Failure(f"the body is {body!r}, not {wanted['body']!r}")


# --- all ---

class Runner:
    def __init__(self, options, upstream, folder):
        self.wisp = options.wisp
        self.player = options.player
        self.fixtures = os.path.join(options.clone, FIXTURES)
        self.tool = subprocess.run([os.path.join(ROOT, "tools", "guest-tool")], capture_output=True, text=True,
                                   check=True).stdout.strip()
        self.upstream = upstream
        self.folder = folder
        self.lock = threading.Lock()

    def path(self, name):
        return os.path.join(self.fixtures, name + ".wasm")

    def made(self, name, make):
        """A file that is made once: by make(path)."""
        path = os.path.join(self.folder, re.sub(r"[^a-z0-9]", "-", name) + ".wasm")
        with self.lock:
            if not os.path.exists(path):
                make(path)
        return path

    def guest_tool(self, *words):
        done = subprocess.run([self.tool, *words], capture_output=True)
        if done.returncode != 0:
            raise Failure(f"guest-tool {words[0]}: {last_line(done.stderr)}")
        return done.stdout

    def network(self):
        """What puts a command into a network of its own, in which nothing answers but names do: for root alone."""
        hosts = os.path.join(self.folder, "hosts")
        with open(hosts, "w", encoding="utf-8") as file:
            file.write("".join(f"{address} {name}\n" for name in ("localhost", *NAMES) for address in ("127.0.0.1", "::1")))
        # What is not its own the loopback device drops without a word.
        prepare = f"mount --bind {hosts} /etc/hosts && ip link set lo up && ip route add {SILENT} dev lo"
        if subprocess.run(["unshare", "-mn", "sh", "-c", prepare], capture_output=True).returncode != 0:
            return []
        return ["unshare", "-mn", "sh", "-c", prepare + ' && exec "$@"', "sh"]

    def echo_as(self, handler):
        """The echo of the fixtures, whose handler has another name: what the drivers give to a middleware is an echo."""
        own = "wasi:http/handler@0.3.0"
        if handler == own:
            return self.path("http/p3-http-echo")

        def rename(path):
            text = self.guest_tool("print", self.path("http/p3-http-echo")).decode()
            with open(path + ".wat", "w", encoding="utf-8") as file:
                file.write(re.sub(rf'\(export ([^"()]*\(;\d+;\) )"{own}"', rf'(export \1"{handler}"', text))
            self.guest_tool("wat", path + ".wat", path)
        return self.made("echo as " + handler, rename)


def look_at(runner, name):
    """It loads: decoded, validated, planned."""
    features = FEATURES.get(name) or next((scene.features for scene in SCENES if name in (scene.name, scene.callee)), None)
    options = ["--features", features] if features else []
    done = subprocess.run([runner.wisp, "inspect", *options, runner.path(name)], capture_output=True, timeout=TIMEOUT_SECONDS)
    if done.returncode != 0:
        raise Failure(last_line(done.stderr))


def tables(runner):
    """(what, file, whether its driver runs it, how)."""
    for name in sorted(COMMANDS):
        yield name, name, True, lambda name=name: run_command(runner, name)
    for number, row in enumerate(SERVICES):
        again = sum(other[0] == row[0] for other in SERVICES[:number])
        yield row[0] + (f" #{again + 1}" if again else ""), row[0], True, lambda row=row: run_service(runner, *row)
    for scene in SCENES:
        callee = f" with {os.path.basename(scene.callee)}" if scene.callee else ""
        yield f"{scene.name}{callee} {scene.calls[0]}", scene.name, scene.runs, lambda scene=scene: play(runner, scene)


def attempt(work):
    try:
        work()
    except (Failure, OSError, ValueError, subprocess.TimeoutExpired) as error:
        return " ".join(str(error).split())
    return None


def main():
    parser = argparse.ArgumentParser(prog="tools/conformance jco")
    parser.add_argument("clone", help="of the jco repository")
    parser.add_argument("--update", action="store_true", help="rewrite the list of expected failures")
    parser.add_argument("--wisp", default=os.path.join(ROOT, "build", "release", "wisp"))
    parser.add_argument("--player", default=os.path.join(ROOT, "build", "release", "test", "conformance", "wisp_fixtures"))
    parser.add_argument("--only", default="", metavar="TEXT", help="run those with this in their name, and compare nothing")
    parser.add_argument("--verbose", action="store_true", help="print every failure, expected or not")
    options = parser.parse_args()

    fixtures = os.path.join(options.clone, FIXTURES)
    there = sorted(os.path.relpath(os.path.join(folder, file), fixtures).removesuffix(".wasm")
                   for folder, _, files in os.walk(fixtures) for file in files if file.endswith(".wasm"))
    if not there:
        print(f"no components in {fixtures}", file=sys.stderr)
        return 2
    for program, target in ((options.wisp, "make build"), (options.player, "ninja -C build/release wisp_fixtures")):
        if not os.access(program, os.X_OK):
            print(f"{program} is missing: run {target}", file=sys.stderr)
            return 2

    commit = expected.commit_of(options.clone)
    known = expected.Expected(os.path.join(HERE, "jco.json"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    failures = {}
    counts = {}
    with tempfile.TemporaryDirectory(prefix="wisp-jco-") as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runner = Runner(options, "127.0.0.1:%d" % server.server_address[1], folder)
        runs = [("loads", f"loads {name}", lambda name=name: look_at(runner, name)) for name in there]
        in_tables = {file for _, file, _, _ in tables(runner)} | {scene.callee for scene in SCENES} | UNPLAYED.keys()
        for name in set(there) - in_tables:
            failures[(name, 0)] = "there is nothing about it in the tables"
        for what, file, driven, work in tables(runner):
            if file in there:
                runs.append(("passes" if driven else "passes that its driver leaves out", what, work))
        runs = [run for run in runs if options.only in run[1]]
        for (kind, what, _), failure in zip(runs, pool.map(lambda run: attempt(run[2]), runs)):
            passed, total = counts.get(kind, (0, 0))
            counts[kind] = (passed + (failure is None), total + 1)
            if failure is not None:
                failures[(what, 0)] = failure
                if options.verbose or options.only:
                    print(f"{what}: {failure}")
    server.shutdown()
    print(f"jco at {commit}, {len(there)} components")
    for kind, (passed, total) in counts.items():
        print(f"{kind}: {passed} of {total}")
    if options.only:
        return 1 if failures else 0

    return known.conclude(commit, failures, len(runs), options.update, lambda failure: "to be explained: " + failure)


if __name__ == "__main__":
    sys.exit(main())
