"""Exports of a long session: their size against the store's, and the memory that they and an import take."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import page
from benchmarks.conversation import Conversation
from claude_lens.store.sink import StoreSink

GOAL = 3.0
MEMORY = 200_000_000
_CHILD = """
import re, sys
from claude_lens.store.reading.queries import Reader
from claude_lens.store.transfer import exporting, importing
kind, url, file = sys.argv[1:]
if kind == "import":
    with open(file, "rb") as lines:
        importing.store(url, importing.read_lines(lines, file))
else:
    with Reader(url) as reader, open(file, "wb") as out:
        for piece in getattr(exporting, kind)(reader, reader.session("last")["id"]):
            out.write(piece)
print(int(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024)
"""


def run(kind: str, url: str, file: Path) -> int:
    """Do one thing in a process of its own; the most memory it took, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, kind, url, str(file)], stdout=subprocess.PIPE, check=True
    )
    return int(done.stdout)


def measure(turns: int) -> dict[str, Any]:
    """Bytes of store and exports, peaks of memory, and whether the same file comes out of another store."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sink = StoreSink(f"sqlite:///{place / 'lens.db'}")
        for number, (arrived, ended) in enumerate(Conversation(thinking=300).exchanges(turns), 1):
            sink.arrived(arrived)
            sink.ended(ended)
            if number % 10 == 0:
                sink.flush()
        sink.close()
        url, other = (f"sqlite:///{place / name}" for name in ("lens.db", "other.db"))
        lines, har, again = (place / name for name in ("lines", "har", "again"))
        peaks = {
            "jsonl": run("jsonl", url, lines),
            "har": run("har", url, har),
            "import": run("import", other, lines),
        }
        run("jsonl", other, again)
        return {
            "turns": turns,
            "store": (place / "lens.db").stat().st_size,
            "jsonl": lines.stat().st_size,
            "har": har.stat().st_size,
            "peaks": peaks,
            "same": lines.read_bytes() == again.read_bytes(),
        }


def table(found: dict[str, Any]) -> str:
    """The result as a section of the page."""
    peaks = {kind: f"{size / 1e6:.0f}" for kind, size in found["peaks"].items()}
    times = found["jsonl"] / found["store"]
    lines = [
        "## Exports",
        "",
        f"`python -m benchmarks.exports --turns {found['turns']} --write`: a session in a store of "
        f"{found['store'] / 1e6:.1f} MB, each",
        f"export in a process of its own; goals {GOAL:.0f} times the store, {MEMORY / 1e6:.0f} MB of memory.",
        "",
        "| | MB | peak of memory, MB |",
        "|---|---:|---:|",
        f"| JSON lines, {times:.2f} times the store | {found['jsonl'] / 1e6:.1f} | {peaks['jsonl']} |",
        f"| HTTP archive | {found['har'] / 1e6:.0f} | {peaks['har']} |",
        f"| import of the JSON lines into an empty store | | {peaks['import']} |",
        "",
        f"An export of the second store is {'the same file' if found['same'] else 'ANOTHER file'}.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    found = measure(arguments.turns)
    if arguments.write:
        page.write("exports", table(found))
    print(json.dumps(found) if arguments.json else table(found))


if __name__ == "__main__":
    main()
