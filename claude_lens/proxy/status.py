"""How the proxy fares: what ``lensctl status`` prints and the System page shows."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from claude_lens.errors import StoreError
from claude_lens.proxy import key as keys
from claude_lens.proxy import record as records
from claude_lens.proxy import supervisor, waiting
from claude_lens.proxy.health import Health, health, outdated, refusal
from claude_lens.proxy.health import status as proxy_status
from claude_lens.proxy.supervisor import Running
from claude_lens.settings import Settings
from claude_lens.store.numbers.growing import spans
from claude_lens.units import size

LITELLM: Final = {
    "on_demand": "loaded when needed",
    "loading": "being loaded; requests that need it wait",
    "ready": "loaded",
    "failed": "could not be loaded, is tried again; lensctl logs says why",
}
"""How far LiteLLM is, in words, by what ``/health`` says."""

LARGE: Final = 5 << 30
"""Bytes from which on a database is called large, and how to bound it is told."""


def gather(settings: Settings) -> dict[str, Any]:
    """Everything ``status --json`` prints. Sizes in bytes, times in seconds; None where unknown."""
    running = supervisor.last(settings)
    process = records.process_of(running.record) if running else None
    url = running.url if running else settings.url
    seen = health(url, settings)
    key = keys.existing(settings)
    counters = proxy_status(url, settings.key or key or "") if seen.healthy and seen.proved else None
    started = (counters or {}).get("started_at") or (
        running.record["started_at"] if running and process else None
    )
    return {
        "healthy": seen.healthy and seen.proved,
        "url": url,
        "state": _state(seen),
        "said": seen.said,
        "whose": refusal(url, seen, settings) if seen.strange or seen.state == "foreign" else None,
        "pid": seen.pid or (process.pid if process else None),
        "watcher": _watcher(running),
        "version": seen.detail.get("version"),
        "build": seen.detail.get("build"),
        "schema": seen.detail.get("schema"),
        "outdated": seen.healthy and bool(process) and outdated(seen),
        "litellm": seen.detail.get("litellm"),
        "credential": seen.detail.get("credential"),
        "uptime_s": max(round(time.time() - started, 1), 0.0) if started else None,
        "home": str(settings.home),
        "config": (running.record.get("config") if running else None) or str(settings.config),
        "key": keys.masked(key),
        "database": {**database(settings), "growth": growth(settings)},
        "connections": (counters or {}).get("connections"),
        "lanes": (counters or {}).get("lanes"),
        "exchanges": waiting.facts(settings),
        "recording": (counters or {}).get("recording"),
    }


def _watcher(running: Running | None) -> dict[str, Any] | None:
    """Who brings the proxy back when it dies, how often that was, and what it died of last; None: nobody."""
    process = records.watcher_of(running.record) if running else None
    if running is None or process is None:
        return None
    noted = running.record["watcher"]
    return {"pid": process.pid, "deaths": noted.get("deaths", 0), "last": noted.get("last")}


def _state(seen: Health) -> str:
    if seen.strange:
        return "strange"
    return "starting" if seen.state == "ours" and not seen.healthy else seen.state


def database(settings: Settings) -> dict[str, Any]:
    """Address without a password, and size in bytes (None where the server does not tell), log included."""
    url = address(settings)
    if not url.startswith("sqlite"):
        return {"url": url, "bytes": server_bytes(settings)}
    file = _file(url)
    parts = [file.with_name(file.name + suffix) for suffix in ("", "-wal")]
    return {"url": url, "bytes": sum(part.stat().st_size for part in parts if part.is_file())}


def _file(url: str) -> Path:
    return Path(url.partition("://")[2].partition("?")[0][1:])


def address(settings: Settings) -> str:
    """The database's address without user and password."""
    scheme, _, rest = settings.database_url.partition("://")
    return f"{scheme}://{rest if scheme.startswith('sqlite') else rest.rpartition('@')[2]}"


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
    url = address(settings)
    if url.startswith("sqlite"):
        with contextlib.suppress(sqlite3.Error):
            return [dict(one) for one in spans(_sizes(_file(url)))]
    from claude_lens.store.numbers.growth import growth as of_database
    from claude_lens.store.reading.queries import open_reader

    try:
        with open_reader(settings) as reader, reader.connect() as connection:
            return [dict(one) for one in of_database(connection)]
    except StoreError:
        return []


@dataclasses.dataclass(frozen=True, slots=True)
class _Day:
    day: int
    bytes: int
    exchanges: int


def _sizes(file: Path) -> list[_Day]:
    """The sizes of days in an SQLite file, without SQLAlchemy, whose import takes longer than the rest.

    Raises ``sqlite3.Error`` where it takes the store's own ways to read it, or it holds none.
    """
    if not file.is_file():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT day, bytes, exchanges FROM sizes ORDER BY day DESC LIMIT 400")
        return [_Day(*row) for row in rows]


def rate(span: Mapping[str, Any]) -> str:
    """``1.5 MB a day``."""
    value = round(span["bytes_per_day"])
    return f"{'-' if value < 0 else ''}{size(abs(value))} a day"
