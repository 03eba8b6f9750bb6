"""The official WASI suite: its Preview 1 modules, adapted to components by `wisp run --adapter`, each in a fresh copy of its folder."""
import argparse
import concurrent.futures
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


def main():
    parser = argparse.ArgumentParser(prog="tools/conformance wasi-testsuite")
    parser.add_argument("clone", help="with its prebuilt modules: branch prod/testsuite-base")
    parser.add_argument("--update", action="store_true", help="rewrite the list of expected failures")
    parser.add_argument("--wisp", default=os.path.join(ROOT, "build", "release", "wisp"))
    parser.add_argument("--verbose", action="store_true", help="print every failure, expected or not")
    options = parser.parse_args()

    tests = os.path.join(options.clone, "tests")
    modules = sorted(os.path.join(folder, file) for folder, _, files in os.walk(tests) for file in files
                     if file.endswith(".wasm") and os.path.basename(folder) == "wasm32-wasip1")
    if not modules:
        print(f"no Preview 1 modules in {tests}: is this the branch prod/testsuite-base?", file=sys.stderr)
        return 2
    if not os.access(options.wisp, os.X_OK):
        print(f"{options.wisp} is missing: run make build", file=sys.stderr)
        return 2

    commit = expected.commit_of(options.clone)
    known = expected.Expected(os.path.join(HERE, "wasi_testsuite.json"))
    print(f"wasi-testsuite at {commit}, {len(modules)} Preview 1 modules")
    failures = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(lambda module: run_module(options.wisp, module), modules)
        for module, failure in zip(modules, outcomes):
            name = os.path.relpath(module, tests)
            if failure is not None:
                failures[(name, 0)] = failure
                if options.verbose:
                    print(f"{name}: {failure}")

    changes = 0
    if options.update:
        known.update(commit, failures, lambda failure: "to be explained: " + failure)
        print(f"wrote {os.path.relpath(known.path, ROOT)}")
    else:
        changes = known.compare(failures)
        print(f"{len(failures) - sum(key not in known.failures for key in failures)} failures are expected, {changes} changes")
    print(f"{len(modules) - len(failures)} passed, {len(failures)} failed")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
