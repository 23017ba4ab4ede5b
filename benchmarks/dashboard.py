"""The dashboard over a large database: first byte of each page, size of a first screen, memory.

    python -m benchmarks.dashboard FILE [--times N] [--write]
    python -m benchmarks.dashboard --real TURNS [--times N] [--write]

FILE is what ``python -m benchmarks.store_million --build FILE`` makes. With ``--real`` the real Claude CLI
makes a session of so many turns, and its page is looked at in Chromium (:mod:`benchmarks.dashboard_real`).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from benchmarks import page as results
from claude_lens.store.reading.queries import Reader

GOAL_MS = 150.0
SCREEN_MS, SCREEN_KB, MEMORY_MB = 300.0, 300, 250


@contextmanager
def served(file: Path) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """A dashboard over ``file``, and a client that it knows."""
    home = Path(tempfile.mkdtemp(prefix="claude-lens-bench-"))
    environ = {**os.environ, "CLAUDE_LENS_HOME": str(home), "CLAUDE_LENS_DATABASE_URL": f"sqlite:///{file}"}
    command = [sys.executable, "-m", "claude_lens", "dashboard", "--no-open", "--port", "0"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        with httpx.Client(base_url=link.partition("/open")[0], timeout=60, trust_env=False) as client:
            assert client.get(link).status_code == 200
            yield client, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=10)
        shutil.rmtree(home, ignore_errors=True)


def pages(file: Path, client: httpx.Client) -> dict[str, str]:
    """Addresses of the pages that are measured."""
    with Reader(f"sqlite:///{file}") as reader:
        newest = reader.sessions(50)
        longest = max(newest, key=lambda one: one["exchanges"])["id"]
        exchange = reader.exchanges(longest)[-1]["id"]
    model = re.search(r"/exchanges\?[^\"]*model=([^&\"]+)", client.get("/numbers/sums?range=all").text)
    return {
        "live": "/live",
        "sessions": "/sessions",
        "sessions by cost": "/sessions?order=cost",
        "sessions that say a common word": "/sessions?words=the",
        "sessions that say a rare word": "/sessions?words=zyxgrunfticht",
        "a session": f"/sessions/{longest}",
        "its end": f"/sessions/{longest}?at=end",
        "an exchange": f"/exchanges/{exchange}",
        "exchanges of a model": f"/exchanges?model={model[1] if model else 'claude-opus-5-5'}",
        "numbers": "/numbers?range=all",
        "its sums": "/numbers/sums?range=all",
        "its tools": "/numbers/tools?range=all",
        "search": "/search?q=the",
        "system": "/system",
    }


def first_byte(client: httpx.Client, path: str) -> tuple[float, int]:
    """Milliseconds until the first byte, and bytes in all."""
    started = time.perf_counter()
    with client.stream("GET", path) as answer:
        assert answer.status_code == 200, path
        parts = answer.iter_bytes()
        size = len(next(parts))
        took = (time.perf_counter() - started) * 1000
        return took, size + sum(map(len, parts))


def measure(file: Path, times: int) -> str:
    """The table."""
    lines = ["| page | p50 ms | p95 ms | KB |", "|---|---:|---:|---:|"]
    with served(file) as (client, process):
        for name, path in pages(file, client).items():
            first_byte(client, path)
            took, sizes = zip(*(first_byte(client, path) for _ in range(times)), strict=True)
            p95 = statistics.quantiles(took, n=20)[-1]
            lines.append(f"| {name} | {statistics.median(took):.0f} | {p95:.0f} | {sizes[-1] / 1024:.0f} |")
        memory = process.memory_info().rss / 1e6
        with Reader(f"sqlite:///{file}") as reader, reader.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM exchanges").scalar_one()
    lines += [
        "",
        f"{count:,} exchanges; the dashboard's process took {memory:.0f} MB (goal {MEMORY_MB}). Goals: "
        f"{GOAL_MS:.0f} ms p95 for any page, a session's first screen {SCREEN_MS:.0f} ms and {SCREEN_KB} KB. "
        f"{results.machine()}.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", type=Path, nargs="?")
    what.add_argument("--real", type=int, metavar="TURNS", help="a session of the real client")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    chosen = parser.parse_args()
    if chosen.real:
        _real(chosen.real, chosen.times, chosen.write)
        return
    text = measure(chosen.file.absolute(), chosen.times)
    print(text)
    if chosen.write:
        results.write("dashboard", f"## The dashboard\n\n`python -m benchmarks.dashboard FILE`\n\n{text}")


def _real(count: int, times: int, write: bool) -> None:
    from benchmarks import dashboard_real

    text = dashboard_real.measure(count, times)
    print(text)
    if write:
        head = f"## A session of {count} turns by the real client"
        command = f"`python -m benchmarks.dashboard --real {count} --write`"
        results.write("dashboard-real", f"{head}\n\n{command}\n\n{text}")


if __name__ == "__main__":
    main()
