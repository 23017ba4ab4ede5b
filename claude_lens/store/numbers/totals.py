"""Sums and histograms that answer questions about a million exchanges without reading them.

An exchange counts from the moment it has ended, however often it is stored: what it counted before is taken
off first. Running and interrupted-in-the-dark rows count nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select

from claude_lens.messages.calls import UNKNOWN
from claude_lens.messages.helpers import MAIN, SUBAGENT_CLASSES, is_count
from claude_lens.store.parts import by_model
from claude_lens.store.schema import (
    BUCKET,
    COUNTS,
    SERIES,
    SUMS,
    TIMING_BUCKET,
    TOKENS,
    series,
    timings,
    tool_totals,
    totals,
)
from claude_lens.store.writing.calls import Calls
from claude_lens.store.writing.known import Recent
from claude_lens.store.writing.prepared import Prepared

SeriesKey = tuple[str, ...]
_TOOL_SUMS: Final = ("calls", "results", "errors", "bytes", "timed", "duration_ms")
_PER_DOUBLING: Final = 16


def bin_of(value: float) -> int:
    """The histogram's bin of a value above zero; a bin is 4.4 % wide."""
    return round(math.log2(max(value, 1e-3)) * _PER_DOUBLING)


def value_of(bin: int) -> float:
    """The middle of a bin."""
    return float(2 ** (bin / _PER_DOUBLING))


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """The value below which ``share`` of the counts lie, within 2.2 %; None where there are none."""
    wanted = share * sum(histogram.values())
    seen = 0
    for bin in sorted(histogram):
        seen += histogram[bin]
        if seen >= wanted and seen > 0:
            return value_of(bin)
    return None


def speed(row: Mapping[str, Any]) -> float | None:
    """Output tokens a second once the first one had come; None where too little is known to tell."""
    tokens, first, whole = row["output_tokens"], row["ttft_ms"], row["duration_ms"]
    if not tokens or first is None or whole is None or whole - first < 1 or tokens < 2:
        return None
    return float((tokens - 1) * 1000 / (whole - first))


def values_of(row: Mapping[str, Any]) -> dict[str, str]:
    """What a row of ``exchanges`` is in each dimension that percentiles are kept for."""
    below = row["agent_id"] is not None or row["request_class"] in SUBAGENT_CLASSES
    agent = row["agent_name"] or row["agent_type"] or (UNKNOWN if below else MAIN)
    return {
        "": "",
        "agent": agent,
        "class": row["request_class"] or "",
        "model": row["model_routed"] or row["model_requested"] or "",
        "provider": row["provider"] or "",
        "project": row["project"] or "",
        "branch": row["branch"] or "",
    }


def _adding(table: Table, *key: str) -> Prepared:
    def make(insert: Any, _: tuple[str, ...]) -> Any:
        made = insert(table)
        sums = {
            column.name: column + made.excluded[column.name]
            for column in table.columns
            if column.name not in key
        }
        return made.on_conflict_do_update(index_elements=list(key), set_=sums)

    return Prepared(make)


_ADD_TOTALS: Final = _adding(totals, "bucket", "session", "series")
_ADD_TOOLS: Final = _adding(tool_totals, "bucket", "series", "tool")
_ADD_TIMINGS: Final = _adding(timings, "bucket", "what", "dimension", "value", "bin")


class Totals:
    """Collects the changes of one transaction; ``write`` adds them to the tables."""

    def __init__(self) -> None:
        self._totals: dict[tuple[int, int, SeriesKey], dict[str, float]] = {}
        self._tools: dict[tuple[int, SeriesKey, str], dict[str, float]] = {}
        self._timings: dict[tuple[int, str, str, str, int], int] = {}

    def add(self, row: Mapping[str, Any], tools: Mapping[str, Calls], sign: int = 1) -> None:
        """Count an ended exchange, a row of ``exchanges``; ``sign`` -1 takes it off."""
        key = tuple(row[name] or "" for name in SERIES)
        bucket = int(row["started_at"] // BUCKET) * BUCKET
        for one, requests in by_model(row):
            self._sum(bucket, one, requests, sign)
        day = int(row["started_at"] // TIMING_BUCKET) * TIMING_BUCKET
        of = values_of(row)
        if row["ttft_ms"] and row["output_tokens"]:
            self._time(day, "ttft", of, row["ttft_ms"], sign)
        if rate := speed(row):
            self._time(day, "speed", of, rate, sign)
        for tool, used in tools.items():
            self._tool((bucket, key, tool), used, sign)
            for milliseconds in used.durations:
                self._time(day, f"tool:{tool}", of, milliseconds, sign)

    def _sum(self, bucket: int, row: Mapping[str, Any], requests: int, sign: int) -> None:
        place = (bucket, row["session"], tuple(row[name] or "" for name in SERIES))
        asked = row["cost_usd"] if row["cost_requested_usd"] is None else row["cost_requested_usd"]
        row = {**row, "cost_requested_usd": asked}
        sums = self._totals.setdefault(place, dict.fromkeys((*COUNTS, *TOKENS, *SUMS), 0))
        # Who only counts tokens asks no model.
        asks = not is_count(row["endpoint"])
        priced = row["cost_usd"] is not None and asks
        for name, amount in (
            ("requests", requests * asks),
            ("errors", row["status"] == "error" and asks),
            ("priced", priced),
            ("unpriced", not priced and bool(row["output_tokens"])),
            *((name, row[name] or 0) for name in (*TOKENS, *SUMS)),
        ):
            sums[name] += sign * amount

    def _time(self, day: int, what: str, of: Mapping[str, str], value: float, sign: int) -> None:
        bin = bin_of(value)
        for dimension, name in of.items():
            place = (day, what, dimension, name, bin)
            self._timings[place] = self._timings.get(place, 0) + sign

    def _tool(self, place: tuple[int, SeriesKey, str], used: Calls, sign: int) -> None:
        sums = self._tools.setdefault(place, dict.fromkeys(_TOOL_SUMS, 0))
        for name in ("calls", "results", "errors", "bytes"):
            sums[name] += sign * getattr(used, name)
        sums["timed"] += sign * len(used.durations)
        sums["duration_ms"] += sign * sum(used.durations)

    def write(self, connection: Connection, known: Recent[SeriesKey, int]) -> dict[SeriesKey, int]:
        """Add everything to the tables; returns the keys of the series that were used."""
        ids = self._series(connection, known)
        _ADD_TOTALS.run(
            connection,
            [
                {"bucket": bucket, "session": session, "series": ids[key], **sums}
                for (bucket, session, key), sums in self._totals.items()
            ],
        )
        _ADD_TOOLS.run(
            connection,
            [
                {"bucket": bucket, "series": ids[key], "tool": tool, **sums}
                for (bucket, key, tool), sums in self._tools.items()
            ],
        )
        _ADD_TIMINGS.run(
            connection,
            [
                {"bucket": day, "what": what, "dimension": of, "value": value, "bin": bin, "count": count}
                for (day, what, of, value, bin), count in self._timings.items()
                if count
            ],
        )
        return ids

    def _series(self, connection: Connection, known: Recent[SeriesKey, int]) -> dict[SeriesKey, int]:
        ids: dict[SeriesKey, int] = {}
        for _, _, key in self._totals:
            if key in ids:
                continue
            found = known.get(key)
            if found is None:
                where = [series.c[name] == value for name, value in zip(SERIES, key, strict=True)]
                found = connection.execute(select(series.c.id).where(*where)).scalar()
            if found is None:
                found = connection.execute(select(func.coalesce(func.max(series.c.id), 0) + 1)).scalar_one()
                connection.execute(series.insert(), {"id": found, **dict(zip(SERIES, key, strict=True))})
            ids[key] = found
        return ids
