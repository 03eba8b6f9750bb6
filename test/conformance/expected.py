"""Lists of expected failures: {"commit": …, "failures": {reason: {file: [line, …]}}}, and what a run makes of them."""
import json
import os
import subprocess


def commit_of(directory):
    """The commit of a clone, or "unknown" for a copy without history."""
    done = subprocess.run(["git", "-C", directory, "rev-parse", "HEAD"], capture_output=True, text=True)
    top = subprocess.run(["git", "-C", directory, "rev-parse", "--show-toplevel"], capture_output=True, text=True)
    same = top.returncode == 0 and os.path.realpath(top.stdout.strip()) == os.path.realpath(directory)
    return done.stdout.strip() if done.returncode == 0 and same else "unknown"


class Expected:
    """`failures` maps (file, line) to the reason."""

    def __init__(self, path):
        self.path = path
        self.commit = "unknown"
        self.failures = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            self.commit = content["commit"]
            for reason, files in content["failures"].items():
                for name, lines in files.items():
                    for line in lines:
                        self.failures[(name, line)] = reason

    def compare(self, failures):
        """Prints what changed: `failures` maps (file, line) to what went wrong. Returns how many changes there are."""
        changes = 0
        for key in sorted(failures.keys() - self.failures.keys()):
            print(f"FAILED {key[0]}:{key[1]}: {failures[key]}")
            changes += 1
        for key in sorted(self.failures.keys() - failures.keys()):
            print(f"PASSED unexpectedly {key[0]}:{key[1]}, listed as: {self.failures[key]}")
            changes += 1
        return changes

    def update(self, commit, failures, reason_for):
        """Rewrites the list; reasons that it has are kept, new ones come from reason_for(what went wrong)."""
        grouped = {}
        for key in sorted(failures):
            reason = self.failures.get(key) or reason_for(failures[key])
            grouped.setdefault(reason, {}).setdefault(key[0], []).append(key[1])
        if commit == "unknown":
            commit = self.commit
        lines = ['{', f'  "commit": {json.dumps(commit)},', '  "failures": {']
        for at, (reason, files) in enumerate(sorted(grouped.items())):
            lines.append(f"    {json.dumps(reason)}: {{")
            lines += [f"      {json.dumps(name)}: {json.dumps(numbers)}{',' if index + 1 < len(files) else ''}"
                      for index, (name, numbers) in enumerate(files.items())]
            lines.append("    }" + ("," if at + 1 < len(grouped) else ""))
        lines += ["  }", "}"]
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def conclude(self, commit, failures, run, update, reason_for):
        """Compares, or rewrites the list if `update`, and prints the closing lines over `run` checks. The exit status."""
        changes = 0
        if update:
            self.update(commit, failures, reason_for)
            print(f"wrote {os.path.basename(self.path)}")
        else:
            changes = self.compare(failures)
            print(f"{len(failures.keys() & self.failures.keys())} failures are expected, {changes} changes")
        print(f"{run - len(failures)} passed, {len(failures)} failed")
        return 1 if changes else 0
