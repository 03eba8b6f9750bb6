"""The official WASI suite: its Preview 1 modules, adapted to components by `wisp run --adapter`, and its WASI 0.3 components, which
its own test runner drives (servers, requests, sockets); each in a fresh copy of its folder."""
import argparse
import concurrent.futures
import enum
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile

import expected

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TIMEOUT_SECONDS = 60


def last_line(text):
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"


def run_module(wisp, module):
    """Runs one module as the JSON file beside it says (doc/specification.md of the suite). None, or what went wrong."""
    specification = {}
    beside = os.path.splitext(module)[0] + ".json"
    if os.path.exists(beside):
        with open(beside, encoding="utf-8") as file:
            specification = json.load(file)
    with tempfile.TemporaryDirectory(prefix="wisp-wasi-") as folder:
        command = [wisp, "run", "--adapter"]
        for name, value in specification.get("env", {}).items():
            command += ["--env", f"{name}={value}"]
        if specification.get("root"):
            root = os.path.join(folder, "root")
            shutil.copytree(os.path.join(os.path.dirname(module), specification["root"]), root, symlinks=True)
            command += ["--dir", f"{root}::/"]
        command += [module, *specification.get("args", [])]
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return f"no end after {TIMEOUT_SECONDS} s"
    wanted = specification.get("exit_code", 0)
    if done.returncode != wanted:
        return f"exit status {done.returncode}, not {wanted}: {last_line(done.stderr)}"
    for stream in ("stdout", "stderr"):
        if stream in specification and getattr(done, stream).decode(errors="replace") != specification[stream]:
            return f"{stream} is {getattr(done, stream)!r}, not {specification[stream]!r}"
    return None


class Wisp:
    """How the suite's test runner starts us (its class RuntimeAdapter)."""

    def __init__(self, wisp):
        self.wisp = wisp

    def get_timeout_seconds(self):
        return TIMEOUT_SECONDS

    def compute_argv(self, test_path, args, env, root, proposals, wasi_world, wasi_version):
        serves = wasi_world.value == "wasi:http/service"
        command = [self.wisp, *(["serve", "--addr", "127.0.0.1:0"] if serves else ["run"])]
        for name, value in env.items():
            command += ["--env", f"{name}={value}"]
        if root:
            command += ["--dir", f"{root}::/"]
        if proposals:
            command += ["--allow-host", "127.0.0.1", "--allow-host", "[::1]"]
        if "sockets" in proposals:
            command += ["--allow-listen", "--allow-dns"]
        return [*command, str(test_path), *args]


def allow_old_python():
    """The suite's runner asks whether an enum has a value, which Python before 3.12 (Debian 12) refuses for what is no member."""
    if sys.version_info < (3, 12):
        enum.EnumType.__contains__ = lambda cls, value: isinstance(value, cls) or value in cls._value2member_map_


def run_component(wisp, component):
    """Runs one WASI 0.3 component. None, or what went wrong."""
    # The suite's own code, from the clone.
    from wasi_test_runner.test_case import WasiVersion
    from wasi_test_runner.test_suite_runner import TestCaseRunner, _read_test_config
    folder = os.path.dirname(component)
    base = os.path.splitext(os.path.basename(component))[0]
    with tempfile.TemporaryDirectory(prefix="wisp-wasi-") as copy:
        for entry in os.scandir(folder):
            if entry.is_dir():
                shutil.copytree(entry.path, os.path.join(copy, entry.name), symlinks=True)
            elif os.path.splitext(entry.name)[0] == base:
                os.symlink(os.path.abspath(entry.path), os.path.join(copy, entry.name))
        test = os.path.join(copy, os.path.basename(component))
        result = TestCaseRunner(_read_test_config(test), test, WasiVersion.WASM32_WASIP3, Wisp(wisp)).run()
    # The runner's own cleaning up after a failure adds failures of its own: the first one says it.
    return " ".join(result.failures[0].message.split()) if result.failures else None


def main():
    parser = argparse.ArgumentParser(prog="tools/conformance wasi-testsuite")
    parser.add_argument("clone", help="with its prebuilt modules: branch prod/testsuite-base")
    parser.add_argument("--update", action="store_true", help="rewrite the list of expected failures")
    parser.add_argument("--wisp", default=os.path.join(ROOT, "build", "release", "wisp"))
    parser.add_argument("--only", default="", metavar="TEXT", help="run the tests with this in their name, and compare nothing")
    parser.add_argument("--verbose", action="store_true", help="print every failure, expected or not")
    options = parser.parse_args()

    tests = os.path.join(options.clone, "tests")
    found = sorted(os.path.join(folder, file) for folder, _, files in os.walk(tests) for file in files if file.endswith(".wasm"))
    modules = [path for path in found if os.path.basename(os.path.dirname(path)) == "wasm32-wasip1"]
    components = [path for path in found if os.path.basename(os.path.dirname(path)) == "wasm32-wasip3"]
    if not modules or not components:
        print(f"no prebuilt tests in {tests}: is this the branch prod/testsuite-base?", file=sys.stderr)
        return 2
    if not os.access(options.wisp, os.X_OK):
        print(f"{options.wisp} is missing: run make build", file=sys.stderr)
        return 2
    sys.path.insert(0, os.path.join(os.path.abspath(options.clone), "test-runner"))
    if importlib.util.find_spec("wasi_test_runner") is None or importlib.util.find_spec("requests") is None:
        print("the suite's test runner needs its folder test-runner in the clone and Python's requests (apt-get install "
              "python3-requests)", file=sys.stderr)
        return 2

    allow_old_python()

    commit = expected.commit_of(options.clone)
    known = expected.Expected(os.path.join(HERE, "wasi_testsuite.json"))
    print(f"wasi-testsuite at {commit}, {len(modules)} Preview 1 modules, {len(components)} WASI 0.3 components")
    failures = {}
    for kind, run, files in (("Preview 1", run_module, modules), ("WASI 0.3", run_component, components)):
        before = len(failures)
        files = [file for file in files if options.only in os.path.basename(file)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            outcomes = pool.map(lambda file: run(options.wisp, file), files)
            for file, failure in zip(files, outcomes):
                name = os.path.relpath(file, tests)
                if failure is not None:
                    failures[(name, 0)] = failure
                    if options.verbose:
                        print(f"{name}: {failure}")
        print(f"{kind}: {len(files) - len(failures) + before} of {len(files)} passed")
    if options.only:
        return 1 if failures else 0

    return known.conclude(commit, failures, len(modules) + len(components), options.update, lambda failure: "to be explained: " + failure)


if __name__ == "__main__":
    sys.exit(main())
