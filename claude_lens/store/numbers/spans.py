"""A range of time in days or hours, one after the other, for sums by moment.

Totals lie in the order of time. Asked a day at a time, the database groups few rows at once and in memory;
asked for all days at once, it sorts them all first, which takes twice as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, Select, bindparam, func, select
from sqlalchemy.sql.elements import KeyedColumnElement

from claude_lens.store.numbers.percentiles import ends
from claude_lens.store.reading.filters import Filter
from claude_lens.store.schema import BUCKET

Unit = Literal["hour", "day"]

FORMS: Final[Mapping[Unit, str]] = {"hour": "%Y-%m-%dT%H:00%z", "day": "%Y-%m-%d"}
"""How a moment is written; the same as the keys of :func:`stats.stats`."""


def by_moment(
    connection: Connection,
    query: Select[Any],
    bucket: KeyedColumnElement[Any],
    wanted: Filter,
    unit: Unit = "day",
    tz: tzinfo = UTC,
) -> Iterator[tuple[str, Row[Any]]]:
    """Rows of ``query``, with the moment that they belong to, in the order of time."""
    first, last = ends(connection, bucket)
    if first is None or last is None:
        return
    if wanted.since is not None:
        first = max(first, int(wanted.since // BUCKET) * BUCKET)
    until = last + 1 if wanted.until is None else min(last + 1, ceil(wanted.until))
    within = query.where(bucket >= bindparam("first"), bucket < bindparam("end"))
    while first < until:
        start = datetime.fromtimestamp(first, tz)
        end = min(int(_next(start, unit)), until)
        rows = connection.execute(within, {"first": first, "end": end}).all()
        moment = start.strftime(FORMS[unit])
        yield from ((moment, row) for row in rows)
        first = end
        if not rows:
            # Long silences are skipped.
            later = connection.execute(select(func.min(bucket)).where(bucket >= end)).scalar()
            first = until if later is None else int(later)


def _next(at: datetime, unit: Unit) -> float:
    begun = at.replace(minute=0, second=0, microsecond=0)
    if unit == "hour":
        return begun.timestamp() + 3600
    return (begun.replace(hour=0) + timedelta(days=1)).timestamp()
