"""The command line that the measurements share, and how a result is shown."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping


def arguments(doc: str | None, runs: int) -> argparse.Namespace:
    """``--runs`` and ``--json``."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--runs", type=int, default=runs)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def show(result: Mapping[str, float], as_json: bool) -> None:
    """Print the numbers, one a line, or as JSON."""
    width = max(map(len, result))
    lines = (f"{name:<{width}} {value}" for name, value in result.items())
    print(json.dumps(result) if as_json else "\n".join(lines))
