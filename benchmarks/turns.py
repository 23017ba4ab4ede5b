"""What a turn costs the recorder late in a session, and with secrets and colours in the history.

The whole recorder process, fed by a journal; its own CPU time a turn with 2 KB new, once the session is known
to it. The cases take turns, and the ratios are of their medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks import page
from benchmarks.conversation import Conversation
from benchmarks.recorder import journal
from claude_lens.recorder.pipe import ANNOUNCE, Message

EARLY: Final = 20
LATE: Final = 2_000
WARM: Final = 4
"""Turns before the measurement: a session is read as a whole once."""
SECRET: Final = "export GITHUB_TOKEN=ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
COLOURS: Final = "\x1b[31merror\x1b[0m: \x1b[1mno such file\x1b[0m\n"


def milliseconds(grown: int, turns: int, *, odd: bool) -> float:
    """CPU a turn after ``grown`` turns; ``odd``: with a secret and colours in the history."""
    talk = Conversation(7)
    if odd:
        talk.say(f"{SECRET}\n{COLOURS * 20}")
    talk.grow(grown)
    with tempfile.TemporaryDirectory() as folder:
        fed, count, _ = journal(Path(folder), [talk], WARM + turns)
        process = subprocess.Popen(
            [sys.executable, "-m", "claude_lens.recorder", "store", "--journal", str(fed.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "CLAUDE_LENS_HOME": folder},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        watched = psutil.Process(process.pid)
        spent = []
        for until in (2 * WARM, 2 * count):
            process.stdin.write(b"".join(Message(ANNOUNCE, until).encoded()))
            process.stdin.flush()
            while json.loads(process.stdout.readline()).get("committed", 0) < until:
                pass
            spent.append(sum(watched.cpu_times()[:2]))
        process.stdin.close()
        process.stdout.read()
        process.wait()
    return (spent[1] - spent[0]) * 1000 / turns


def measure(runs: int) -> dict[str, Any]:
    """Medians in milliseconds, and the ratios."""
    cases = {
        "early": (EARLY, 150, False),
        "early, secret and colours": (EARLY, 150, True),
        "late": (LATE, 40, False),
        "late, secret and colours": (LATE, 40, True),
    }
    took: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(runs):
        for name, (grown, turns, odd) in cases.items():
            took[name].append(milliseconds(grown, turns, odd=odd))
    found: dict[str, Any] = {name: round(statistics.median(times), 2) for name, times in took.items()}
    found["late over early"] = round(found["late"] / found["early"], 2)
    for when in ("early", "late"):
        odd = found[f"{when}, secret and colours"]
        found[f"{when}: secret and colours over none"] = round(odd / found[when], 2)
    return found


def main() -> None:
    """Print the result, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    chosen = parser.parse_args()
    found = measure(chosen.runs)
    rows = "\n".join(f"| {name} | {value} |" for name, value in found.items())
    told = (
        f"CPU of the recorder in ms a turn with 2 KB new, after {EARLY} and {LATE:,} turns (85 KB and 4 MB). "
        "Goals: late over early at most 2, secret and colours over none at most 1.3."
    )
    text = (
        f"## Late turns\n\n`python -m benchmarks.turns --write`: {told} {page.machine()}; {chosen.runs} runs."
        f"\n\n| | |\n|---|---:|\n{rows}"
    )
    print(json.dumps(found) if chosen.json else text)
    if chosen.write:
        page.write("turns", text)


if __name__ == "__main__":
    main()
