"""How long ``lensctl import`` takes for transcripts of four sizes, and how much memory; and a second time."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import page
from benchmarks.transcript import Writer

TURNS = (500, 1000, 2000, 4000)
GOALS = "Goal: 100 MB in under 4 minutes and under 400 MB, a second time in under 2 s."
# The child itself says what it took, since others may run beside it.
_RUN = """
import json, resource, sys
from claude_lens.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]), file=sys.stderr)
sys.exit(code)
"""


def run(home: Path, folder: Path) -> dict[str, Any]:
    """One import into the store below ``home``: seconds by the clock and of the processor, bytes."""
    environment = {**os.environ, "HOME": str(home), "CLAUDE_LENS_HOME": str(home / "lens")}
    start = time.perf_counter()
    command = [sys.executable, "-c", _RUN, "import", "--folder", str(folder), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    cpu, memory = json.loads(done.stderr.splitlines()[-1])
    told = json.loads(done.stdout)
    return {"seconds": time.perf_counter() - start, "cpu": cpu, "memory": memory, "new": told["new"]}


def measure(turns: int) -> dict[str, Any]:
    """A first and a second import of a session of so many turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "projects"
        size = Writer(folder / "one").write(turns)
        first, second = run(Path(name), folder), run(Path(name), folder)
        assert second["new"] == 0
        disk = (Path(name) / "lens" / "lens.db").stat().st_size
    return {"turns": turns, "bytes": size, "disk": disk, "first": first, "second": second}


def table(found: list[dict[str, Any]]) -> str:
    """The section of the page."""
    lines = [
        "## Importing transcripts",
        "",
        f"`python -m benchmarks.importing --write`; {page.machine()}. One session, three calls at once in",
        f"each turn, subagents, queued prompts, an image in every fiftieth. {GOALS}",
        "",
        "| turns | file, MB | answers | CPU, s | s a MB | memory, MB | on disk, MB | a second time, s |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for one in found:
        size, first = one["bytes"] / 1e6, one["first"]
        cpu = first["cpu"]
        lines.append(
            f"| {one['turns']} | {size:.1f} | {first['new']} | {cpu:.1f} | {cpu / size:.2f} "
            f"| {first['memory'] / 1e6:.0f} | {one['disk'] / 1e6:.1f} | {one['second']['cpu']:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, nargs="+", default=TURNS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    found = [measure(turns) for turns in arguments.turns]
    if arguments.write:
        page.write("importing", table(found))
    print(json.dumps(found) if arguments.json else table(found))


if __name__ == "__main__":
    main()
