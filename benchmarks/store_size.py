"""Bytes on disk of one session against the bytes on the wire, after more and more turns."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import page
from benchmarks.conversation import Conversation
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink

GOAL = 1 / 40


def measure(turns: int, every: int) -> dict[str, Any]:
    """Sizes in bytes after each ``every`` turns of a session; the last body is rebuilt and compared."""
    points = []
    wire = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lens.db"
        url = f"sqlite:///{file}"
        sink = StoreSink(url)
        for number, (arrived, ended) in enumerate(Conversation().exchanges(turns), 1):
            sink.arrived(arrived)
            sink.flush()
            sink.ended(ended)
            wire += len(ended.request.body) + len(json.dumps(ended.response.json)) if ended.response else 0
            if number % 10 == 0:
                sink.flush()
            if number % every == 0:
                # Closing moves the log into the file; what is left is what stays on disk.
                sink.close()
                points.append({"turns": number, "wire": wire, "disk": file.stat().st_size})
        with Reader(url) as reader:
            exact = reader.rebuild("last") == ended.request.json
    last = points[-1]
    return {
        "turns": turns,
        "points": points,
        "per_turn": last["disk"] / turns,
        "ratio": last["disk"] / last["wire"],
        "rebuilt": exact,
    }


def table(found: dict[str, Any]) -> str:
    """The result as a section of the page."""
    lines = [
        "## Bytes on disk",
        "",
        "`python -m benchmarks.store_size --turns 2000 --write`: one session, 45 KB of system and tools,",
        "2 KB new a turn, the search index included.",
        "",
        "| turns | sent, MB | on disk, MB | ratio |",
        "|---:|---:|---:|---:|",
    ]
    for point in found["points"]:
        ratio = point["wire"] / point["disk"]
        lines.append(
            f"| {point['turns']} | {point['wire'] / 1e6:.1f} | {point['disk'] / 1e6:.2f} | 1/{ratio:.0f} |"
        )
    return "\n".join(
        [*lines, "", f"{found['per_turn']:.0f} bytes a turn at the end; goal 1/{1 / GOAL:.0f} at 200."]
    )


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    found = measure(arguments.turns, max(10, arguments.turns // 10))
    if arguments.json:
        print(json.dumps(found))
        return
    if arguments.write:
        page.write("store-size", table(found))
    for point in found["points"]:
        print(
            f"{point['turns']:5} turns: {point['wire'] / 1e6:7.2f} MB sent,  {point['disk'] / 1e6:6.2f} MB"
            f"  1/{point['wire'] / point['disk']:.0f}"
        )
    print(f"{found['per_turn']:.0f} bytes a turn; goal 1/{1 / GOAL:.0f}; rebuilt exactly: {found['rebuilt']}")


if __name__ == "__main__":
    main()
