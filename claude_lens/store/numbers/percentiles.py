"""Histograms of times and speeds behind the percentiles of ``stats``.

Few exchanges are looked at one by one. Of many, histograms are kept by the day (UTC), for each agent, class,
model, provider, project and branch by itself; what these cannot tell apart has no percentiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select

from claude_lens.store.numbers.totals import bin_of, speed
from claude_lens.store.reading.filters import Filter, conditions
from claude_lens.store.schema import BUCKET, DIMENSIONS, TIMING_BUCKET, exchanges, timings

Histograms = dict[str | None, dict[str, dict[int, int]]]
"""By the group's key, then ``ttft`` (ms) or ``speed`` (tokens a second)."""

ONE_BY_ONE: Final = 10_000
_NOON: Final = TIMING_BUCKET // 2
_NAMES: Final = {"request_class": "class"}


def add(into: Histograms, key: str | None, row: Mapping[str, Any]) -> None:
    """Count a row of ``exchanges``."""
    known = into.setdefault(key, {})
    first = row["ttft_ms"] if row["output_tokens"] else None
    for what, value in (("ttft", first), ("speed", speed(row))):
        if value:
            bins = known.setdefault(what, {})
            bins[bin_of(value)] = bins.get(bin_of(value), 0) + 1


def one_by_one(
    connection: Connection, wanted: Filter, key: ColumnElement[Any], said: Callable[[Any], str | None]
) -> Histograms:
    """From the exchanges themselves; the range begins at a quarter of an hour, as that of sums does."""
    if wanted.since is not None:
        wanted = replace(wanted, since=wanted.since // BUCKET * BUCKET)
    columns = (exchanges.c.ttft_ms, exchanges.c.duration_ms, exchanges.c.output_tokens)
    where = conditions(connection, wanted)
    found: Histograms = {}
    for row in connection.execute(select(key.label("key"), *columns).where(*where)).mappings():
        add(found, said(row["key"]), dict(row))
    return found


def kept(
    connection: Connection, wanted: Filter, by: str | None, said: Callable[[Any], str | None]
) -> Histograms:
    """From the histograms that are kept; empty where they do not tell the groups or the filter apart."""
    place = _dimension(wanted, by)
    if place is None:
        return {}
    dimension, value = place
    where = [timings.c.what.in_(("ttft", "speed")), timings.c.dimension == dimension]
    if value is not None:
        where.append(timings.c.value == value)
    where.append(_days(connection, wanted))
    key = timings.c.bucket if by == "day" else timings.c.value
    query = select(key, timings.c.what, timings.c.bin, func.sum(timings.c.count)).where(*where)
    found: Histograms = {}
    for name, what, bin, count in connection.execute(query.group_by(key, timings.c.what, timings.c.bin)):
        group = None if by is None else said(name + _NOON if by == "day" else name)
        bins = found.setdefault(group, {}).setdefault(what, {})
        bins[bin] = bins.get(bin, 0) + int(count)
    return found


def _dimension(wanted: Filter, by: str | None) -> tuple[str, str | None] | None:
    chosen = {
        _NAMES.get(name, name): getattr(wanted, name)
        for name in (
            "agent",
            "request_class",
            "model",
            "provider",
            "project",
            "branch",
            "requested",
            "routed",
        )
        if getattr(wanted, name) is not None
    }
    if by in DIMENSIONS and by is not None:
        chosen.setdefault(by, None)
    elif by not in (None, "day"):
        return None
    if len(chosen) > 1:
        return None
    name, value = next(iter(chosen.items()), ("", ""))
    return (name, value) if name in DIMENSIONS else None


def in_range(column: ColumnElement[Any], wanted: Filter, width: int) -> list[ColumnElement[bool]]:
    """What the range of ``wanted`` asks of buckets that are ``width`` seconds long."""
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(column >= int(wanted.since // width) * width)
    if wanted.until is not None:
        found.append(column < wanted.until)
    return found


def _days(connection: Connection, wanted: Filter) -> ColumnElement[bool]:
    """The range day by day, which reads only what is asked of each; a range would read all of them whole."""
    first, last = ends(connection, timings.c.bucket, in_range(timings.c.bucket, wanted, TIMING_BUCKET))
    return timings.c.bucket.in_(
        [] if first is None or last is None else range(first, last + 1, TIMING_BUCKET)
    )


def ends(
    connection: Connection, column: ColumnElement[int], where: Sequence[ColumnElement[bool]] = ()
) -> tuple[int | None, int | None]:
    """The least and the greatest value; asked for one by one, each is found by the index."""
    least, greatest = (
        connection.execute(select(which(column)).where(*where)).scalar() for which in (func.min, func.max)
    )
    return least, greatest


def tools(connection: Connection, wanted: Filter) -> dict[str, dict[int, int]]:
    """How long tools took, by their name."""
    place = _dimension(wanted, None)
    if place is None:
        return {}
    where = [timings.c.what.like("tool:%"), timings.c.dimension == place[0], timings.c.value == place[1]]
    where.append(_days(connection, wanted))
    query = select(timings.c.what, timings.c.bin, func.sum(timings.c.count)).where(*where)
    rows: Iterable[Any] = connection.execute(query.group_by(timings.c.what, timings.c.bin))
    found: dict[str, dict[int, int]] = {}
    for what, bin, count in rows:
        found.setdefault(what.removeprefix("tool:"), {})[bin] = int(count)
    return found
