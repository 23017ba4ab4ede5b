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
from claude_lens.store.reading.raw import raw
from claude_lens.store.sink import StoreSink

GOAL = 1 / 40


THINKING = 300
"""Characters of thinking in each answer."""


def measure(turns: int, every: int, *, streams: bool = True) -> dict[str, Any]:
    """Sizes in bytes after each ``every`` turns of a session; the last body and stream are compared."""
    points = []
    wire = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lens.db"
        url = f"sqlite:///{file}"
        sink = StoreSink(url, streams=streams)
        for number, (arrived, ended) in enumerate(Conversation(thinking=THINKING).exchanges(turns), 1):
            assert ended.response is not None
            sink.arrived(arrived)
            sink.flush()
            sink.ended(ended)
            wire += len(ended.request.body) + len(ended.response.body)
            if number % 10 == 0:
                sink.flush()
            if number % every == 0:
                # Closing moves the log into the file; what is left is what stays on disk.
                sink.close()
                points.append({"turns": number, "wire": wire, "disk": file.stat().st_size})
        with Reader(url) as reader, reader.connect() as connection:
            kept = raw(connection, ended.id).body
            exact = reader.rebuild("last") == ended.request.json
            exact = exact and kept == (ended.response.body if streams and ended.response else None)
    last = points[-1]
    half = points[len(points) // 2 - 1]
    return {
        "turns": turns,
        "points": points,
        "per_turn": last["disk"] / turns,
        "newest_per_turn": (last["disk"] - half["disk"]) / (last["turns"] - half["turns"]),
        "ratio": last["disk"] / last["wire"],
        "rebuilt": exact,
    }


def table(found: dict[str, Any], without: dict[str, Any]) -> str:
    """The result as a section of the page."""
    lines = [
        "## Bytes on disk",
        "",
        "`python -m benchmarks.store_size --turns 2000 --write`: one session, 45 KB of system and tools,",
        "2 KB new a turn, thinking with a signature and the answers' event streams besides, the search index",
        "included.",
        "",
        "| turns | sent, MB | on disk, MB | ratio |",
        "|---:|---:|---:|---:|",
    ]
    for point in found["points"]:
        ratio = point["wire"] / point["disk"]
        lines.append(
            f"| {point['turns']} | {point['wire'] / 1e6:.1f} | {point['disk'] / 1e6:.2f} | 1/{ratio:.0f} |"
        )
    return "\n".join([*lines, "", *summary(found, without)])


def summary(found: dict[str, Any], without: dict[str, Any]) -> list[str]:
    """What a turn takes, with streams and without."""
    more = found["per_turn"] - without["per_turn"]
    return [
        f"{found['per_turn']:.0f} bytes a turn, of which the streams, kept byte for byte, take {more:.0f}",
        f"({without['per_turn']:.0f} with `CLAUDE_LENS_STREAMS=off`); goal 1/{1 / GOAL:.0f} at 200.",
    ]


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    every = max(10, arguments.turns // 10)
    found, without = (measure(arguments.turns, every, streams=streams) for streams in (True, False))
    if arguments.json:
        print(json.dumps({"with": found, "without": without}))
        return
    if arguments.write:
        page.write("store-size", table(found, without))
    for point in found["points"]:
        print(
            f"{point['turns']:5} turns: {point['wire'] / 1e6:7.2f} MB sent,  {point['disk'] / 1e6:6.2f} MB"
            f"  1/{point['wire'] / point['disk']:.0f}"
        )
    print(" ".join(summary(found, without)))
    print(f"{found['newest_per_turn']:.0f} bytes a turn in the second half; exact: {found['rebuilt']}")


if __name__ == "__main__":
    main()
