"""Sums by moment and group at once, for charts: what :mod:`stats` counts, without its percentiles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, func, literal, select

from claude_lens.store.numbers.percentiles import in_range
from claude_lens.store.numbers.stats import UNKNOWN, series_conditions
from claude_lens.store.reading.filters import MAIN, Filter
from claude_lens.store.schema import BUCKET, series, totals

Unit = Literal["hour", "day"]
Sums = dict[str, float]

FORMS: Final[Mapping[Unit, str]] = {"hour": "%Y-%m-%dT%H:00%z", "day": "%Y-%m-%d"}
"""How a moment is written; the same as the keys of :func:`stats.stats`."""

_SUMMED: Final = (
    "requests",
    "errors",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "cost_usd",
)


def moments(
    connection: Connection,
    wanted: Filter,
    *,
    by: str | None = None,
    unit: Unit = "day",
    tz: tzinfo = UTC,
) -> dict[str, dict[str, Sums]]:
    """``{moment: {group: sums}}`` in the order of time; groups ``by`` model, agent, project, branch, provider
    or class, one without a name for anything else. Raises :class:`UserError` like :func:`stats.stats`.
    """
    where = series_conditions(wanted)
    key = _key(by)
    sums = [func.sum(totals.c[name]).label(name) for name in _SUMMED]
    query = (
        select(totals.c.bucket, key.label("key"), *sums)
        .where(*where, *in_range(totals.c.bucket, wanted, BUCKET))
        .group_by(totals.c.bucket, "key")
        .order_by(totals.c.bucket)
    )
    if where or by in _COLUMNS:
        query = query.select_from(totals.join(series, series.c.id == totals.c.series))
    found: dict[str, dict[str, Sums]] = {}
    for row in connection.execute(query).mappings():
        at = datetime.fromtimestamp(row["bucket"], tz).strftime(FORMS[unit])
        into = found.setdefault(at, {}).setdefault(row["key"] or UNKNOWN, dict.fromkeys(_SUMMED, 0.0))
        for name in _SUMMED:
            into[name] += row[name] or 0
    return found


def _key(by: str | None) -> ColumnElement[Any]:
    return _COLUMNS[by] if by in _COLUMNS else literal("")


_COLUMNS: Final[Mapping[str | None, ColumnElement[Any]]] = {
    "model": func.coalesce(func.nullif(series.c.model_routed, ""), series.c.model_requested),
    "agent": func.coalesce(
        func.nullif(series.c.agent_name, ""), func.nullif(series.c.agent_type, ""), literal(MAIN)
    ),
    "project": series.c.project,
    "branch": series.c.branch,
    "provider": series.c.provider,
    "class": series.c.request_class,
}
