#!/usr/bin/env python3
"""gRPC through guests of wasi:http 0.3: grpc++ client → wisp serve GUEST → grpc++ server, over HTTP/2 without TLS and with it.

p3-proxy hands bodies on, p3-http copies them through its memory. --quick does the same with fewer messages.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def guest(name):
    return os.path.join(ROOT, "build", "guests", f"{name}.wasm")


class Wisp:
    """`wisp serve`."""

    def __init__(self, wisp, arguments, environment):
        self.process = subprocess.Popen([wisp, "serve", "--addr", "127.0.0.1:0", *arguments], stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
        self.port = int(re.search(r":(\d+)$", self.process.stderr.readline().strip()).group(1))

    def stop(self):
        """Its exit status, and what it complained about."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.stderr.read()
        return self.process.wait(), said


class Origin:
    """The peer's server."""

    def __init__(self, peer, environment):
        self.process = subprocess.Popen([peer, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        return self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wisp", default=os.path.join(ROOT, "build", "release", "wisp"))
    parser.add_argument("--peer", default=os.path.join(ROOT, "build", "release", "test", "grpc", "wisp_grpc_peer"))
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages")
    parser.add_argument("--direct", action="store_true", help="also without a guest between, to see what grpc++ makes of itself")
    options = parser.parse_args()
    if not os.path.exists(options.peer):
        print("SKIP: no gRPC peer: tools/setup --grpc installs what it is built with (libgrpc++-dev, libprotobuf-dev, protobuf-compiler-grpc)")
        return 77
    many = 1_000 if options.quick else 10_000
    scenarios = [("metadata",), ("unary", many, 100), ("chat", many, 100), ("chats", many // 4, 100), ("chat", many // 20, 100_000),
                 ("ping", many // 5, 10), ("download", many, 1_000), ("upload", many, 1_000), ("ends",), ("cancel",)]

    failed = False
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        tls = {"PEER_CERTIFICATE": certificate, "PEER_KEY": key, "SSL_CERT_FILE": certificate}
        runs = [("p3-proxy", {}), ("p3-http", {}), ("p3-proxy", tls)]
        if options.direct:
            runs.append(("direct", {}))
        for name, environment in runs:
            failed |= not run(options, name, environment, scenarios)
    return 1 if failed else 0


def run(options, name, environment, scenarios):
    """One server, one guest, each scenario. Whether all went well."""
    good = True
    origin = Origin(options.peer, environment)
    host = "localhost" if environment else "127.0.0.1"
    upstream = f"{host}:{origin.port}"
    if name == "direct":
        wisp, target = None, upstream
    else:
        scheme = "https" if environment else "http"
        more = ["--tls-cert", environment["PEER_CERTIFICATE"], "--tls-key", environment["PEER_KEY"]] if environment else []
        wisp = Wisp(options.wisp, [*more, "--env", f"UPSTREAM={scheme}://{upstream}", "--allow-host", upstream, guest(name)], environment)
        target = f"{host}:{wisp.port}"
    title = f"{name}, TLS" if environment else name
    for scenario, *sizes in scenarios:
        begin = time.monotonic()
        status = subprocess.run([options.peer, "call", target, upstream, scenario, *map(str, sizes)], check=False,
                                env={**os.environ, **environment}).returncode
        good &= status == 0
        size = f"{sizes[0]:,} of {sizes[1]:,} bytes" if sizes else ""
        print(f"{title:14} {scenario:9} {size:24} {time.monotonic() - begin:6.2f} s  {'ok' if status == 0 else 'FAILED'}", flush=True)
    if wisp is not None:
        status, said = wisp.stop()
        if status != 0 or said:
            good = False
            print(f"{title:14} wisp ended with {status} and said:\n{said}")
    return origin.stop() == 0 and good


if __name__ == "__main__":
    sys.exit(main())
