"""The official component-model suite: every .wast of its test/ folder, converted by guest-tool, run by wisp_wast."""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import expected

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TIMEOUT_SECONDS = 120

# What is known about failures, by a part of their text, for `--update`.
REASONS = [
    ("cannot block a synchronous task before returning", "the callee runs first, and traps for its own reason (CanonicalABI.md, canon lower, canon lift)"),
    ("cannot enter component instance", "the suite wants a trap \"for now\"; the entering set of the call is empty (CanonicalABI.md, Component Instances, entering_set)"),
    ("too deep, too large", "needs fixed-length lists above this release's bound (nyi.txt of the suite)"),
    ("which this release does not run", "needs asynchronous built-ins or lifts, which this release does not run"),
    ("there is no instance", "calls a component that an earlier command could not instantiate"),
]


def reason_for(failure):
    return next((reason for part, reason in REASONS if part in failure), "to be explained: " + failure)


def run_file(path, name, tools):
    """Runs one script: how many commands there are, and {(name, line): failure}. Line 0 is the script as a whole."""
    with tempfile.TemporaryDirectory(prefix="wisp-wast-") as folder:
        stem = os.path.splitext(os.path.basename(path))[0]
        done = subprocess.run([tools["guest-tool"], "wast", path, folder], capture_output=True, text=True)
        script = os.path.join(folder, stem + ".json")
        if done.returncode != 0 or not os.path.exists(script):
            first = (done.stderr.strip() or "no output").splitlines()[0].split(": ", 1)[-1]
            return 1, {(name, 0): f"cannot be converted: {first}"}
        with open(script, encoding="utf-8") as file:
            commands = json.load(file)["commands"]
        for command in commands:
            if command.get("module_type") == "text":
                text = os.path.join(folder, command["filename"])
                subprocess.run([tools["guest-tool"], "wat", text, os.path.splitext(text)[0] + ".wasm"], capture_output=True)
        report = os.path.join(folder, "report.json")
        try:
            done = subprocess.run([tools["wisp_wast"], "--json", report, script], capture_output=True, text=True,
                                  timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return len(commands), {(name, c["line"]): f"no end after {TIMEOUT_SECONDS} s" for c in commands}
        if done.returncode not in (0, 1) or not os.path.exists(report):
            last = (done.stderr.strip() or "no output").splitlines()[-1]
            return len(commands), {(name, c["line"]): f"the runner ended with {done.returncode}: {last}" for c in commands}
        with open(report, encoding="utf-8") as file:
            (result,) = json.load(file)
        return result["run"], {(name, failed["line"]): f"{failed['command']}: {failed['reason']}" for failed in result["failed"]}


def main():
    parser = argparse.ArgumentParser(prog="tools/conformance component-model")
    parser.add_argument("clone")
    parser.add_argument("--update", action="store_true", help="rewrite the list of expected failures")
    parser.add_argument("--runner", default=os.path.join(ROOT, "build", "release", "test", "wast", "wisp_wast"))
    parser.add_argument("--verbose", action="store_true", help="print every failure, expected or not")
    options = parser.parse_args()

    suite = os.path.join(options.clone, "test")
    scripts = sorted(os.path.join(folder, file) for folder, _, files in os.walk(suite) for file in files if file.endswith(".wast"))
    if not scripts:
        print(f"no .wast files in {suite}", file=sys.stderr)
        return 2
    if not os.access(options.runner, os.X_OK):
        print(f"{options.runner} is missing: run make build", file=sys.stderr)
        return 2
    guest_tool = subprocess.run([os.path.join(ROOT, "tools", "guest-tool")], check=True, stdout=subprocess.PIPE, text=True)
    tools = {"guest-tool": guest_tool.stdout.strip(), "wisp_wast": options.runner}

    commit = expected.commit_of(options.clone)
    known = expected.Expected(os.path.join(HERE, "component_model.json"))
    print(f"component-model at {commit}, {len(scripts)} files")
    if "unknown" not in (commit, known.commit) and commit != known.commit:
        print(f"the list of expected failures was made at {known.commit}")

    run, failures = 0, {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        names = [os.path.relpath(path, suite) for path in scripts]
        for name, (commands, failed) in zip(names, pool.map(lambda pair: run_file(*pair, tools), zip(scripts, names))):
            run += commands
            failures |= failed
            if options.verbose:
                print(f"{name}: {commands - len(failed)} passed, {len(failed)} failed")
                for (_, line), failure in sorted(failed.items()):
                    print(f"  line {line}: {failure}")

    return known.conclude(commit, failures, run, options.update, reason_for)


if __name__ == "__main__":
    sys.exit(main())
