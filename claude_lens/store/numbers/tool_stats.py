"""Numbers of tools: how often they were called, failed, how long they took, how much they said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from sqlalchemy import Connection, func, select

from claude_lens.store.numbers import percentiles
from claude_lens.store.numbers.percentiles import in_range
from claude_lens.store.numbers.stats import series_conditions
from claude_lens.store.numbers.totals import bin_of, percentile
from claude_lens.store.reading.filters import Filter, conditions
from claude_lens.store.schema import BUCKET, exchanges, series, tool_totals
from claude_lens.store.writing.derived import stored_calls


class ToolNumbers(TypedDict):
    """One tool. ``result_tokens`` is estimated: four bytes a token."""

    tool: str
    calls: int
    results: int
    errors: int
    duration_ms_p50: float | None
    duration_ms_p95: float | None
    duration_ms_sum: float
    result_tokens: int


def tools(
    connection: Connection,
    wanted: Filter = Filter(),  # noqa: B008
    *,
    sums: Mapping[str, Mapping[str, float]] | None = None,
    times: Mapping[str, Mapping[int, int]] | None = None,
) -> list[ToolNumbers]:
    """Every tool that was used, most called first.

    ``sums`` (``moments.together``) and ``times`` (``percentiles.tools``) that are known are not made again.
    """
    if wanted.session is not None:
        return _session_tools(connection, wanted)
    known = _sums(connection, wanted) if sums is None else sums
    lasted = percentiles.tools(connection, wanted) if times is None else times
    rows = ((name, row) for name, row in known.items() if row["calls"] or row["results"])
    return _sorted_tools([_tool({**row, "tool": name}, lasted.get(name, {})) for name, row in rows])


def _sums(connection: Connection, wanted: Filter) -> dict[str, dict[str, Any]]:
    names = ("calls", "results", "errors", "bytes", "duration_ms")
    where = series_conditions(wanted)
    query = (
        select(tool_totals.c.tool, *(func.sum(tool_totals.c[name]).label(name) for name in names))
        .where(*where, *in_range(tool_totals.c.bucket, wanted, BUCKET))
        .group_by(tool_totals.c.tool)
    )
    if where:
        query = query.join(series, series.c.id == tool_totals.c.series)
    return {row["tool"]: dict(row) for row in connection.execute(query).mappings()}


def _session_tools(connection: Connection, wanted: Filter) -> list[ToolNumbers]:
    query = select(exchanges.c.id).where(*conditions(connection, wanted))
    keys = [key for (key,) in connection.execute(query)]
    sums: dict[str, dict[str, Any]] = {}
    times: dict[str, dict[int, int]] = {}
    for start in range(0, len(keys), 900):
        for used in stored_calls(connection, keys[start : start + 900]).values():
            for name, one in used.items():
                row = sums.setdefault(
                    name,
                    {"tool": name, "calls": 0, "results": 0, "errors": 0, "bytes": 0, "duration_ms": 0.0},
                )
                for what in ("calls", "results", "errors", "bytes"):
                    row[what] += getattr(one, what)
                row["duration_ms"] += sum(one.durations)
                for milliseconds in one.durations:
                    bins = times.setdefault(name, {})
                    bins[bin_of(milliseconds)] = bins.get(bin_of(milliseconds), 0) + 1
    return _sorted_tools([_tool(row, times.get(name, {})) for name, row in sums.items()])


def _tool(row: Mapping[str, Any], bins: Mapping[int, int]) -> ToolNumbers:
    return {
        "tool": row["tool"],
        "calls": int(row["calls"]),
        "results": int(row["results"]),
        "errors": int(row["errors"]),
        "duration_ms_p50": percentile(bins, 0.5),
        "duration_ms_p95": percentile(bins, 0.95),
        "duration_ms_sum": float(row["duration_ms"]),
        "result_tokens": round(int(row["bytes"]) / 4),
    }


def _sorted_tools(found: list[ToolNumbers]) -> list[ToolNumbers]:
    return sorted(found, key=lambda one: (-one["calls"], one["tool"]))
