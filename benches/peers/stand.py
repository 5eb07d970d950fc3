"""What both comparisons stand on: a server on core 0, load from core 1, figures."""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SLO_MS = 25
# What was found to be best for this work and that SLO, of 6 to 20 at two and five times capacity.
LIMIT = 10


def say(text):
    print(text, file=sys.stderr, flush=True)


def build():
    """Builds both sides; gives where the programs are."""
    commands = [
        (HERE, ["cargo", "build", "--release", "--locked", "-p", "peer-overload"]),
        (ROOT, ["cargo", "build", "--release", "--locked", "-p", "seda"]),
    ]
    for where, command in commands:
        subprocess.run(command, cwd=where, check=True)
    target = os.environ.get("CARGO_TARGET_DIR")
    peers = pathlib.Path(target or HERE / "target") / "release" / "peer-overload"
    seda = pathlib.Path(target or ROOT / "target") / "release" / "seda"
    return peers, seda


class Server:
    """A server that runs until the end of a `with`."""

    def __init__(self, program, name, *words):
        command = ["taskset", "-c", "0", str(program), "--server", name, "--workers", "1"]
        self.command = command + ["--target", f"{SLO_MS}ms", "--limit", str(LIMIT), *words]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        doors = [self.process.stdout.readline() for _ in range(2)]
        found = [re.search(r" on (\S+)", door) for door in doors]
        if not all(found):
            self.process.kill()
            raise SystemExit(f"run: no server by {' '.join(self.command)}: {doors}")
        self.control, self.door = (f"http://{match.group(1)}" for match in found)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def order(self, words):
        request = urllib.request.Request(f"{self.control}/control?{words}", method="POST")
        urllib.request.urlopen(request, timeout=10).read()


def load(seda, url, *words):
    """Generates load; gives the record. A run that is not valid is one, too."""
    command = [str(seda), "lab", "run", "--target", url + "/", "--cpu", "1"]
    command += ["--slo", f"{SLO_MS}ms", "--timeout", "1s", "-o", "json", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"run: {' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout)


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else float("nan")


def figure(goal, what, value, unit="x", at_least=None, at_most=None):
    """Prints a figure, and whether it is as it should be, where that is known."""
    target = at_most if at_least is None else at_least
    met = None
    if target is not None:
        met = value <= target if at_least is None else value >= target
    line = dict(goal=goal, what=what, value=round(value, 4), unit=unit, target=target, met=met)
    print(json.dumps(line), flush=True)
