"""``lensctl status``: whether the proxy runs, and how it fares."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from claude_lens import key as keys
from claude_lens import settings as setting_table
from claude_lens import supervisor
from claude_lens.errors import StoreError
from claude_lens.health import health
from claude_lens.health import status as proxy_status
from claude_lens.settings import Settings
from claude_lens.terminal import duration, json_option, print_json, size

LARGE = 5 << 30


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


def gather(settings: Settings) -> dict[str, Any]:
    """Everything ``status --json`` prints. Sizes in bytes, times in seconds; None where unknown."""
    running = supervisor.current(settings)
    url = running.url if running else settings.url
    seen = health(url)
    key = keys.existing(settings)
    counters = proxy_status(url, settings.key or key or "") if seen.healthy else None
    started = (counters or {}).get("started_at") or (running.record["started_at"] if running else None)
    return {
        "healthy": seen.healthy,
        "url": url,
        "state": seen.state if seen.healthy or seen.state != "ours" else "starting",
        "said": seen.said,
        "pid": seen.pid or (running.process.pid if running and running.process else None),
        "version": seen.detail.get("version"),
        "litellm": seen.detail.get("litellm"),
        "credential": seen.detail.get("credential"),
        "uptime_s": round(time.time() - started, 1) if started else None,
        "home": str(settings.home),
        "config": (running.record.get("config") if running else None) or str(settings.config),
        "key": keys.masked(key),
        "database": {**database(settings), "growth": growth(settings)},
        "lanes": (counters or {}).get("lanes"),
        "recording": (counters or {}).get("recording"),
    }


def database(settings: Settings) -> dict[str, Any]:
    """Address without a password, and size in bytes (None where the server does not tell), log included."""
    url = settings.database_url
    scheme, _, rest = url.partition("://")
    if not url.startswith("sqlite"):
        return {"url": f"{scheme}://{rest.rpartition('@')[2]}", "bytes": server_bytes(settings)}
    file = Path(rest.partition("?")[0][1:])
    parts = [file.with_name(file.name + suffix) for suffix in ("", "-wal")]
    return {"url": url, "bytes": sum(part.stat().st_size for part in parts if part.is_file())}


def server_bytes(settings: Settings) -> int | None:
    """The size that a database's server tells; None where it cannot be asked."""
    from claude_lens.store.numbers.growth import whole_bytes
    from claude_lens.store.reading.queries import open_reader

    try:
        with open_reader(settings) as reader, reader.connect() as connection:
            return whole_bytes(connection)
    except StoreError:
        return None


def growth(settings: Settings) -> list[dict[str, Any]]:
    """How the database grows, as ``growth.growth`` tells; empty where it cannot be asked."""
    from claude_lens.store.numbers.growth import growth as of_database
    from claude_lens.store.reading.queries import open_reader

    try:
        with open_reader(settings) as reader, reader.connect() as connection:
            return [dict(one) for one in of_database(connection)]
    except StoreError:
        return []


def grown(spans: Sequence[Mapping[str, Any]]) -> str:
    """The same in words."""
    if not spans:
        return "known once there are sizes of two days"
    days = ("the last day" if one["days"] == 1 else f"{one['days']} days" for one in spans)
    return ", ".join(f"{rate(one)} over {span}" for one, span in zip(spans, days, strict=True))


def rate(span: Mapping[str, Any]) -> str:
    """``1.5 MB a day``."""
    value = round(span["bytes_per_day"])
    return f"{'-' if value < 0 else ''}{size(abs(value))} a day"


def lines(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The same for people."""
    words = {"ours": "healthy", "down": "not running", "foreign": "something else", "starting": "starting"}
    head = words[facts["state"]]
    shown = [
        ("proxy", f"{head} at {facts['url']}" + (f": {facts['said']}" if facts["state"] == "foreign" else ""))
    ]
    if facts["healthy"]:
        uptime = duration(facts["uptime_s"] * 1000) if facts["uptime_s"] else "-"
        loading = ", LiteLLM still loading" if facts["litellm"] == "loading" else ""
        shown.append(("process", f"{facts['pid']}, version {facts['version']}, up {uptime}{loading}"))
    shown += [("config", facts["config"]), ("key", facts["key"]), ("home", facts["home"])]
    stored = facts["database"]
    warning = (
        ", large: set CLAUDE_LENS_KEEP_DAYS or CLAUDE_LENS_MAX_SIZE" if (stored["bytes"] or 0) > LARGE else ""
    )
    shown.append(("database", f"{stored['url']} ({size(stored['bytes'])}{warning})"))
    shown.append(("growth", grown(stored["growth"])))
    for name in ("lanes", "recording"):
        if isinstance(facts[name], Mapping):
            shown.append((name, _counted(facts[name])))
    for sink, counters in ((facts["recording"] or {}).get("counters") or {}).items():
        shown += [(sink, f"{part}: {_counted(counted)}") for part, counted in counters.items()]
    return shown


def _counted(counters: Mapping[str, Any]) -> str:
    told = {name: value for name, value in counters.items() if name != "counters"}
    return ", ".join(f"{name} {value}" for name, value in told.items())
