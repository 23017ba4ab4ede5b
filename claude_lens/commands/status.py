"""``lensctl status``: whether the proxy runs, and how it fares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from claude_lens import settings as setting_table
from claude_lens.proxy.status import LARGE, LITELLM, gather, rate
from claude_lens.proxy.waiting import in_words
from claude_lens.terminal.output import json_option, print_json
from claude_lens.units import duration, size


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Show whether the proxy is healthy, what it recorded, and where things are; exit code 1 if it is not."""
    settings = setting_table.load()
    facts = gather(settings)
    if as_json:
        print_json(facts)
    else:
        for name, value in lines(facts):
            print(f"{name:<12} {value}")
    return 0 if facts["healthy"] else 1


def grown(spans: Sequence[Mapping[str, Any]]) -> str:
    """The same in words."""
    if not spans:
        return "known once there are sizes of two days"
    days = ("the last day" if one["days"] == 1 else f"{one['days']} days" for one in spans)
    return ", ".join(f"{rate(one)} over {span}" for one, span in zip(spans, days, strict=True))


def watched(facts: Mapping[str, Any]) -> str:
    """Who brings the proxy back, in words."""
    often = facts["deaths"]
    if not often:
        return f"process {facts['pid']}"
    times = f"{often} time{'s' if often > 1 else ''}"
    return f"process {facts['pid']}, brought the proxy back {times}; last it {facts['last']}"


def lines(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The same for people."""
    words = {"ours": "healthy", "down": "not running", "foreign": "something else", "starting": "starting"}
    words["strange"] = "not yours"
    shown = [("proxy", f"{words[facts['state']]} at {facts['url']}")]
    if facts["whose"]:
        shown += [("", line) for line in facts["whose"].splitlines()]
    if facts["healthy"]:
        uptime = f", up {duration(facts['uptime_s'] * 1000)}" if facts["uptime_s"] is not None else ""
        shown.append(("process", f"{facts['pid']}, version {facts['version']}{uptime}"))
        if facts["litellm"]:
            shown.append(("litellm", LITELLM.get(facts["litellm"], facts["litellm"])))
        if facts["outdated"]:
            shown.append(("", "another build is installed than the one that runs: lensctl restart"))
    if facts["watcher"]:
        shown.append(("watcher", watched(facts["watcher"])))
    shown += [("config", facts["config"]), ("key", facts["key"]), ("home", facts["home"])]
    stored = facts["database"]
    warning = (
        ", large: set CLAUDE_LENS_KEEP_DAYS or CLAUDE_LENS_MAX_SIZE" if (stored["bytes"] or 0) > LARGE else ""
    )
    shown.append(("database", f"{stored['url']} ({size(stored['bytes'])}{warning})"))
    shown.append(("growth", grown(stored["growth"])))
    shown.append(("exchanges", in_words(facts["exchanges"])))
    for name in ("connections", "lanes", "recording"):
        if isinstance(facts[name], Mapping):
            shown.append((name, _counted(facts[name])))
    for sink, counters in ((facts["recording"] or {}).get("counters") or {}).items():
        shown += [(sink, f"{part}: {_counted(counted)}") for part, counted in counters.items()]
    return shown


_ELSEWHERE = frozenset(
    ("counters", "passed", "stored", "waiting", "lost", "aside", "spool_bytes", "waiting_for")
)


def _counted(counters: Mapping[str, Any]) -> str:
    told = {name: _told(value) for name, value in counters.items() if name not in _ELSEWHERE}
    return ", ".join(f"{name} {value}" for name, value in told.items() if value)


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}: {_told(inner)}" for name, inner in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
