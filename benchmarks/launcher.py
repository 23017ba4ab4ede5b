"""What ``claude-lens`` adds to ``claude --version`` with a healthy proxy; the goal is at most 80 ms.

``python -m benchmarks.launcher [--runs N] [--json] [--write]``: starts a proxy in a temporary home, runs
both programs in turn, and compares the medians of their wall-clock times in milliseconds.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import report
from claude_lens import settings
from claude_lens.demo.client import LAUNCHER, find
from claude_lens.proxy import supervisor
from claude_lens.proxy.health import health

GOAL_MS = 80.0


def timed(command: list[str], environ: dict[str, str]) -> float:
    """Wall-clock milliseconds of one run."""
    began = time.perf_counter()
    subprocess.run(command, env=environ, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def measure(runs: int) -> dict[str, float]:
    """Medians of claude alone and through claude-lens, and the difference."""
    claude = find(os.environ)
    if claude is None:
        raise SystemExit("there is no claude to measure: make setup")
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "CLAUDE_LENS_HOME": f"{folder}/lens",
            "PORT": str(port),
        }
        found = settings.parse(environ, settings.find_config(Path(folder)))
        supervisor.start(found, environ, supervisor.plan(found))
        try:
            while health(found.url).detail.get("litellm") == "loading":
                time.sleep(0.1)
            alone, through = [claude, "--version"], [sys.executable, str(LAUNCHER), "--version"]
            environ["CLAUDE_LENS_CLAUDE"] = claude
            timed(alone, environ), timed(through, environ)
            pairs = [(timed(alone, environ), timed(through, environ)) for _ in range(runs)]
        finally:
            supervisor.stop(found, 5)
    direct, added = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "claude_ms": round(direct, 1),
        "claude_lens_ms": round(added, 1),
        "added_ms": round(added - direct, 1),
    }


def main() -> int:
    """Exit code 1 where the goal is missed."""
    chosen = report.arguments(__doc__, 30)
    result = measure(chosen.runs)
    report.show(
        result, chosen, name="launcher", title="The launcher", goal=f"Goal: at most {GOAL_MS:g} ms added."
    )
    return 0 if result["added_ms"] <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
