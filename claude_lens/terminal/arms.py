"""A row for each arm of a fork or a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claude_lens.terminal.fitting import FittingTable
from claude_lens.terminal.output import console, printable
from claude_lens.units import cache_share, count, duration, money


def table(told: Mapping[str, Any]) -> None:
    """Print ``arms``, the JSON form of ``lensctl compare``, with what went wrong and where to look below."""
    right = ["verdict", "turns", "in", "out", "cached", "cost", "time", "files"]
    shown = FittingTable(["model"], right, texts=["model"], spare=("cached", "in", "out", "time"))
    for arm in told["arms"]:
        shown.add_row(printable(arm["model"]), *_cells(arm))
    console().print(shown)
    for arm in told["arms"]:
        if arm["error"]:
            print(f"{printable(arm['model'])}: {printable(arm['error'])}")
    sessions = [arm["session_id"] for arm in told["arms"] if arm["session_id"]]
    if sessions:
        print(f"origin: session {told['origin']}, from exchange {told['from'][:12]}; its arms:")
        print(f"    lensctl sessions --tag fork-of:{told['origin']}")


def _cells(arm: Mapping[str, Any]) -> list[str]:
    usage = arm["usage"]
    verdict = "-" if arm["verdict"] is None else "passed" if arm["verdict"]["passed"] else "failed"
    read = None if usage is None else usage["input_tokens"] + usage["cache_read_input_tokens"]
    read = None if read is None else read + usage["cache_creation_input_tokens"]
    return [
        "error" if arm["error"] else verdict,
        str(arm["turns"]),
        count(read),
        count(usage["output_tokens"] if usage else None),
        cache_share(usage),
        money(arm["cost_usd"]),
        duration(arm["duration_ms"]),
        str(len(arm["files_changed"])),
    ]
