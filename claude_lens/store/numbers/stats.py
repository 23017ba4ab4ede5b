"""Numbers over any range: cost, tokens, requests, errors, speed, by what one likes.

They come from the totals, which hold quarters of an hour: a range begins and ends at one. A session's are
added up from its exchanges. Percentiles are within 2.2 %; see ``percentiles`` for what has some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, TypedDict

from sqlalchemy import ColumnElement, Connection, case, func, literal, select
from sqlalchemy.sql.elements import KeyedColumnElement

from claude_lens.errors import UserError
from claude_lens.exchange import Usage
from claude_lens.messages.calls import UNKNOWN
from claude_lens.messages.helpers import SUBAGENT_CLASSES, is_count
from claude_lens.store.numbers import percentiles
from claude_lens.store.numbers.percentiles import Histograms, in_range
from claude_lens.store.numbers.totals import percentile
from claude_lens.store.parts import by_model
from claude_lens.store.reading import forms
from claude_lens.store.reading.filters import MAIN, Filter, conditions
from claude_lens.store.schema import (
    BUCKET,
    COUNTS,
    SUMS,
    TOKENS,
    calls,
    exchanges,
    series,
    sessions,
    totals,
)

GROUPS: Final = ("day", "hour", "model", "provider", "project", "branch", "session", "agent", "tool", "class")


class Numbers(TypedDict):
    """One row. Costs are US dollars, None where no price is known; times in ms, speeds in tokens a second.

    ``unpriced`` requests used tokens at an unknown price and are in no cost. ``saved_usd`` is what the asked
    model would have cost more. ``as_if_usd`` is the cost at another model's prices, where that was asked for.
    """

    key: str | None
    requests: int
    errors: int
    unpriced: int
    cost_usd: float | None
    saved_usd: float | None
    as_if_usd: float | None
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_creation_5m_input_tokens: int
    cache_creation_1h_input_tokens: int
    cache_share: float | None
    ttft_ms_p50: float | None
    ttft_ms_p95: float | None
    speed_p50: float | None
    speed_p95: float | None


class Stats(TypedDict):
    """A range's numbers: all together, and by group in the order of time, or of cost."""

    since: str | None
    until: str | None
    by: str | None
    total: Numbers
    groups: list[Numbers]


Pricer = Callable[[Usage], float | None]
Rows = Mapping[str | None, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where sums come from: ``columns`` by name, over ``source`` with ``where``."""

    source: Any
    bucket: KeyedColumnElement[Any]
    names: Mapping[str, KeyedColumnElement[Any]]
    where: Sequence[ColumnElement[bool]]


def stats(
    connection: Connection,
    wanted: Filter = Filter(),  # noqa: B008
    *,
    by: str | None = None,
    tz: tzinfo = UTC,
    as_if: Pricer | None = None,
    limit: int = 1000,
    sums: Mapping[str, Mapping[str, float]] | None = None,
    times: Histograms | None = None,
) -> Stats:
    """Numbers of the exchanges that ``wanted`` chooses, grouped ``by`` one of :data:`GROUPS`.

    ``sums`` (``moments.together``) and ``times`` (``distributions``) of the same groups, where they are
    known, are not added up again.
    Raises :class:`UserError` for a group, or a filter, that totals cannot tell apart.
    """
    if by is not None and by not in GROUPS:
        raise UserError(f"cannot group by {by!r}: expected one of {', '.join(GROUPS)}")
    if _alone(wanted) or by == "tool":
        rows, lasted = _from_exchanges(connection, wanted, by, tz)
    else:
        rows = _added_up(connection, wanted, by, tz) if sums is None else _copied(sums)
        lasted = _histograms(connection, wanted, by, tz, rows) if times is None else times
    groups = [_numbers(key, one, lasted.get(key, {}), as_if) for key, one in rows.items()] if by else []
    if by == "tool":
        # An answer that calls two tools is in two groups, and only once in the whole.
        rows, lasted = _from_exchanges(connection, wanted, None, tz)
    whole, whole_times = _whole(rows, lasted)
    if not whole_times and not _alone(wanted):
        whole_times = percentiles.kept(connection, wanted, None, lambda _: None).get(None, {})
    in_time = by in ("day", "hour")
    groups.sort(key=lambda one: one["key"] or "" if in_time else (-(one["cost_usd"] or 0), -one["requests"]))
    return {
        "since": _iso(wanted.since),
        "until": _iso(wanted.until),
        "by": by,
        "total": _numbers(None, whole, whole_times, as_if),
        "groups": groups[:limit],
    }


def _alone(wanted: Filter) -> bool:
    """Whether totals do not know the exchanges of this filter."""
    return wanted.session is not None or wanted.tool is not None


def _copied(sums: Mapping[str, Mapping[str, float]]) -> dict[str | None, dict[str, float]]:
    return {key: dict(one) for key, one in sums.items()}


def _histograms(connection: Connection, wanted: Filter, by: str | None, tz: tzinfo, rows: Rows) -> Histograms:
    def said(value: Any) -> str | None:
        return _said(by, value, tz)

    count = sum(row["requests"] for row in rows.values())
    if by != "session" and count <= percentiles.ONE_BY_ONE:
        return percentiles.one_by_one(connection, wanted, _of_exchange(by), said)
    return percentiles.kept(connection, wanted, by, said)


def _added_up(
    connection: Connection, wanted: Filter, by: str | None, tz: tzinfo
) -> dict[str | None, dict[str, float]]:
    where = series_conditions(wanted)
    ranged = [*where, *in_range(totals.c.bucket, wanted, BUCKET)]
    key = _key(by, totals.c.bucket)
    sums = [func.sum(totals.c[name]).label(name) for name in (*COUNTS, *TOKENS, *SUMS)]
    query = select(key.label("key"), *sums).select_from(totals).where(*ranged).group_by("key")
    if where or by not in (None, "day", "hour", "session"):
        query = query.join(series, series.c.id == totals.c.series)
    if by == "session":
        query = query.outerjoin(sessions, sessions.c.id == totals.c.session)
    rows: dict[str | None, dict[str, float]] = {}
    for row in connection.execute(query).mappings():
        _merge(rows.setdefault(_said(by, row["key"], tz), {}), dict(row))
    return rows


def _from_exchanges(
    connection: Connection, wanted: Filter, by: str | None, tz: tzinfo
) -> tuple[dict[str | None, dict[str, float]], Histograms]:
    table = exchanges.c
    key = calls.c.tool if by == "tool" else _of_exchange(by)
    names = (
        "endpoint",
        "status",
        "cost_usd",
        "cost_requested_usd",
        "cost_parts",
        "model_routed",
        "duration_ms",
        "ttft_ms",
        *TOKENS,
    )
    query = (
        select(key.label("key"), *(table[name] for name in names))
        .select_from(exchanges)
        .where(table.status != "running", *conditions(connection, wanted))
    )
    if by == "tool":
        query = query.join(calls, (calls.c.exchange == table.id) & (calls.c.calls > 0))
    if by == "session":
        query = query.join(sessions, sessions.c.id == table.session)
    rows: dict[str | None, dict[str, float]] = {}
    times: Histograms = {}
    for row in connection.execute(query).mappings():
        percentiles.add(times, _said(by, row["key"], tz), dict(row))
        for one, requests in by_model(dict(row)):
            said = _said(by, one["key"] if by != "model" or requests else one["model_routed"], tz)
            _merge(rows.setdefault(said, {}), {**one, **_counted(one, requests)})
    return rows, times


def _counted(row: Mapping[str, Any], requests: int) -> dict[str, Any]:
    # Who only counts tokens asks no model.
    asks = not is_count(row["endpoint"])
    priced = row["cost_usd"] is not None and asks
    asked = row["cost_usd"] if row["cost_requested_usd"] is None else row["cost_requested_usd"]
    return {
        "cost_requested_usd": asked,
        "requests": requests * asks,
        "errors": row["status"] == "error" and asks,
        "priced": priced,
        "unpriced": not priced and bool(row["output_tokens"]),
    }


def series_conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """What ``wanted`` asks of rows of ``series``. Raises :class:`UserError` for what totals do not know."""
    if wanted.status is not None or wanted.min_cost is not None or wanted.min_duration_ms is not None:
        raise UserError("numbers cannot be chosen by status, cost or duration; list exchanges instead")
    name = series.c
    found: list[ColumnElement[bool]] = []
    if wanted.agent == MAIN:
        found += [name.agent_type == "", name.agent_name == "", ~_is_below(name.request_class)]
    elif wanted.agent == UNKNOWN:
        found += [name.agent_type == "", name.agent_name == "", _is_below(name.request_class)]
    elif wanted.agent is not None:
        unnamed = (name.agent_type == wanted.agent) & (name.agent_name == "")
        found.append((name.agent_name == wanted.agent) | unnamed)
    if wanted.model is not None:
        found.append((name.model_routed == wanted.model) | (name.model_requested == wanted.model))
    for column, value in (
        (name.request_class, wanted.request_class),
        (name.model_requested, wanted.requested),
        (name.model_routed, wanted.routed),
        (name.provider, wanted.provider),
        (name.project, wanted.project),
        (name.branch, wanted.branch),
    ):
        if value is not None:
            found.append(column == value)
    return found


def _is_below(request_class: ColumnElement[Any]) -> ColumnElement[bool]:
    return request_class.in_(SUBAGENT_CLASSES)


def agent_label() -> ColumnElement[Any]:
    """What an agent in a row of ``series`` is called; its class tells one without a name from the main."""
    unnamed = case((_is_below(series.c.request_class), UNKNOWN), else_=MAIN)
    return func.coalesce(func.nullif(series.c.agent_name, ""), func.nullif(series.c.agent_type, ""), unnamed)


def _key(by: str | None, bucket: ColumnElement[Any]) -> ColumnElement[Any]:
    columns = {
        "model": func.coalesce(func.nullif(series.c.model_routed, ""), series.c.model_requested),
        "class": series.c.request_class,
        "agent": agent_label(),
        "session": sessions.c.session_id,
        "day": bucket,
        "hour": bucket,
    }
    if by is None:
        return literal(None)
    return columns[by] if by in columns else series.c[by]


def _of_exchange(by: str | None) -> ColumnElement[Any]:
    table = exchanges.c
    columns: dict[str, ColumnElement[Any]] = {
        "model": func.coalesce(table.model_routed, table.model_requested),
        "class": table.request_class,
        "agent": case(
            (table.agent_id.is_(None) & ~_is_below(func.coalesce(table.request_class, "")), MAIN),
            else_=func.coalesce(table.agent_name, table.agent_type, UNKNOWN),
        ),
        "session": sessions.c.session_id,
        "day": table.started_at,
        "hour": table.started_at,
    }
    if by is None:
        return literal(None)
    return columns[by] if by in columns else table[by]


def _said(by: str | None, value: Any, tz: tzinfo) -> str | None:
    if by is None:
        return None
    if by in ("day", "hour"):
        at = datetime.fromtimestamp(value, tz)
        return at.strftime("%Y-%m-%d" if by == "day" else "%Y-%m-%dT%H:00%z")
    return value or UNKNOWN


def _merge(into: dict[str, float], row: Mapping[str, Any]) -> None:
    for name in (*COUNTS, *TOKENS, *SUMS):
        into[name] = into.get(name, 0) + (row[name] or 0)


def _whole(
    rows: Mapping[str | None, Mapping[str, float]], times: Histograms
) -> tuple[dict[str, float], dict[str, dict[int, int]]]:
    sums: dict[str, float] = {}
    merged: dict[str, dict[int, int]] = {}
    for one in rows.values():
        _merge(sums, one)
    for histograms in times.values():
        for what, bins in histograms.items():
            known = merged.setdefault(what, {})
            for bin, count in bins.items():
                known[bin] = known.get(bin, 0) + count
    return sums, merged


def _numbers(
    key: str | None, row: Mapping[str, float], times: Mapping[str, Mapping[int, int]], as_if: Pricer | None
) -> Numbers:
    whole = {name: int(row.get(name, 0)) for name in (*COUNTS, *TOKENS)}
    prompt = whole["input_tokens"] + whole["cache_read_input_tokens"] + whole["cache_creation_input_tokens"]
    usd = row.get("cost_usd", 0.0) if whole["priced"] or not whole["unpriced"] else None
    asked = row.get("cost_requested_usd", 0.0)
    first, rate = times.get("ttft", {}), times.get("speed", {})
    return {
        "key": key,
        "requests": whole["requests"],
        "errors": whole["errors"],
        "unpriced": whole["unpriced"],
        "cost_usd": usd,
        "saved_usd": asked - usd if asked and usd is not None else None,
        "as_if_usd": as_if(Usage(**{name: whole[name] for name in TOKENS})) if as_if else None,
        "input_tokens": whole["input_tokens"],
        "output_tokens": whole["output_tokens"],
        "cache_read_input_tokens": whole["cache_read_input_tokens"],
        "cache_creation_5m_input_tokens": whole["cache_creation_5m_input_tokens"],
        "cache_creation_1h_input_tokens": whole["cache_creation_1h_input_tokens"],
        "cache_share": whole["cache_read_input_tokens"] / prompt if prompt else None,
        "ttft_ms_p50": percentile(first, 0.5),
        "ttft_ms_p95": percentile(first, 0.95),
        "speed_p50": percentile(rate, 0.5),
        "speed_p95": percentile(rate, 0.95),
    }


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else forms.iso(seconds)
