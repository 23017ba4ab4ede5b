"""Sums by moment and group at once, for charts: what :mod:`stats` counts, without its percentiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, literal, select

from claude_lens.messages.calls import UNKNOWN
from claude_lens.store.numbers.spans import Unit, by_moment
from claude_lens.store.numbers.stats import agent_label, series_conditions
from claude_lens.store.reading.filters import Filter
from claude_lens.store.schema import COUNTS, SUMS, TOKENS, series, tool_totals, totals

Sums = dict[str, float]
Moments = dict[str, dict[str, Sums]]
"""``{moment: {group: sums}}`` in the order of time."""

GROUPED: Final[Mapping[str, ColumnElement[Any]]] = {
    "model": func.coalesce(func.nullif(series.c.model_routed, ""), series.c.model_requested),
    "agent": agent_label(),
    "project": series.c.project,
    "branch": series.c.branch,
    "provider": series.c.provider,
    "class": series.c.request_class,
}

_SUMMED: Final = (*COUNTS, *TOKENS, *SUMS)
_TOOL_SUMMED: Final = ("calls", "results", "errors", "bytes", "duration_ms")


def moments(
    connection: Connection,
    wanted: Filter,
    *,
    by: str | None = None,
    unit: Unit = "day",
    tz: tzinfo = UTC,
) -> Moments:
    """Sums of every moment; groups are those of :data:`GROUPED`, for anything else one named ``unknown``.

    Raises :class:`UserError` like :func:`stats.stats`.
    """
    where = series_conditions(wanted)
    key = GROUPED.get(by or "", literal(""))
    sums = (func.sum(totals.c[name]) for name in _SUMMED)
    query = select(key.label("key"), *sums).where(*where).group_by("key")
    source: Any = totals
    if where or by in GROUPED:
        source = totals.join(series, series.c.id == totals.c.series)
    rows = by_moment(connection, query.select_from(source), totals.c.bucket, wanted, unit, tz)
    return _collected(rows, _SUMMED)


def tool_moments(connection: Connection, wanted: Filter, *, unit: Unit = "day", tz: tzinfo = UTC) -> Moments:
    """The same of tools: ``calls``, ``results``, ``errors``, ``bytes`` and ``duration_ms`` of each."""
    where = series_conditions(wanted)
    sums = (func.sum(tool_totals.c[name]) for name in _TOOL_SUMMED)
    query = select(tool_totals.c.tool, *sums).where(*where).group_by(tool_totals.c.tool)
    if where:
        query = query.select_from(tool_totals.join(series, series.c.id == tool_totals.c.series))
    rows = by_moment(connection, query, tool_totals.c.bucket, wanted, unit, tz)
    return _collected(rows, _TOOL_SUMMED)


def together(found: Moments) -> dict[str, Sums]:
    """The sums of each group over all moments."""
    whole: dict[str, Sums] = {}
    for groups in found.values():
        for key, sums in groups.items():
            into = whole.setdefault(key, dict.fromkeys(sums, 0.0))
            for name, value in sums.items():
                into[name] += value
    return whole


def _collected(rows: Iterable[tuple[str, Row[Any]]], names: Sequence[str]) -> Moments:
    found: Moments = {}
    for moment, row in rows:
        key, *sums = tuple(row)
        into = found.setdefault(moment, {}).setdefault(key or UNKNOWN, dict.fromkeys(names, 0.0))
        for name, value in zip(names, sums, strict=True):
            into[name] += value or 0
    return found
