"""The command line that the small measurements share, and how a result is shown and kept."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from benchmarks import page


def arguments(doc: str | None, runs: int) -> argparse.Namespace:
    """``--runs``, ``--json`` and ``--write``."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--runs", type=int, default=runs)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    return parser.parse_args()


def show(
    result: Mapping[str, float], chosen: argparse.Namespace, *, name: str, title: str, goal: str
) -> None:
    """Print the numbers, one a line, or as JSON; with ``--write`` put them under ``title`` as well.

    ``name`` is the module's in ``benchmarks``.
    """
    width = max(map(len, result))
    lines = (f"{key:<{width}} {value}" for key, value in result.items())
    print(json.dumps(result) if chosen.json else "\n".join(lines))
    if chosen.write:
        rows = "\n".join(f"| {key.replace('_', ' ')} | {value} |" for key, value in result.items())
        told = f"`python -m benchmarks.{name} --write`; {page.machine()}; {chosen.runs} runs. {goal}"
        page.write(name.replace("_", "-"), f"## {title}\n\n{told}\n\n| | |\n|---|---:|\n{rows}")
