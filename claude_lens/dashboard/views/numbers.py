"""Numbers: cost, tokens, speed and errors over any range, by anything; each leads to its exchanges."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.charts import Chart, Column, stacked
from claude_lens.dashboard.templating import page
from claude_lens.store.filters import Filter
from claude_lens.store.limits import latest
from claude_lens.store.stats import GROUPS, Numbers, Stats, stats
from claude_lens.store.tool_stats import tools
from claude_lens.terminal import count, money
from claude_lens.when import moment

if TYPE_CHECKING:
    from claude_lens.dashboard.app import Lens

RANGES: Final = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days", "all": "All"}
CHOSEN: Final = ("model", "agent", "project", "branch", "provider", "request_class")
STACKED: Final = 6
REST: Final = "the rest"
_LONGEST_BY_HOUR: Final = 49 * 3600
_MOST_COLUMNS: Final = 120
_TOKEN_KINDS: Final = {
    "input_tokens": "fresh input",
    "cache_read_input_tokens": "from cache",
    "cache_creation_5m_input_tokens": "to cache, 5 min",
    "cache_creation_1h_input_tokens": "to cache, 1 h",
    "output_tokens": "output",
}
_FILTERS: Final = {"class": "request_class"}

Links = Callable[[str, str | None], str]


def numbers(request: Request) -> Response:
    """The page."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    wanted, by = _wanted(query), _by(query)
    with lens.reader.connect() as connection:
        found = stats(connection, wanted, by=by, tz=_zone())
        unit = _unit(connection, wanted)
        whole = stats(connection, wanted, by=unit, tz=_zone())
        series = _series(connection, wanted, by, found, unit)
        used = tools(connection, wanted)
        limits = latest(connection)
    kept = {name: value for name, value in query.items() if value}
    links = _links(kept, by)
    return page(
        "numbers.html",
        here="numbers",
        token=lens.access.token(request.scope["cookie"]),
        found=found,
        by=by,
        groups=GROUPS,
        ranges={key: (words, urlencode({**kept, "range": key})) for key, words in RANGES.items()},
        range=query.get("range", "30d"),
        since=query.get("since", ""),
        until=query.get("until", ""),
        kept=urlencode(kept),
        chosen={name: query[name] for name in CHOSEN if query.get(name)},
        cost=_costs(whole, series, unit, links),
        tokens=_tokens(whole, unit, links),
        errors=_errors(whole, unit, links),
        links=links,
        tools=used,
        limits=limits,
        unit=unit,
        slowest=max((group["ttft_ms_p95"] or 0 for group in found["groups"]), default=0),
        days=whole["groups"],
    )


def table(request: Request) -> Response:
    """The same groups as CSV."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    by = _by(query)
    with lens.reader.connect() as connection:
        found = stats(connection, _wanted(query), by=by, tz=_zone(), limit=100_000)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(found["total"]), lineterminator="\r\n")
    writer.writeheader()
    for group in found["groups"]:
        # A cell that begins so would be a formula in a spreadsheet.
        key = str(group["key"])
        writer.writerow({**group, "key": f"'{key}" if key[:1] in "=+-@\t\r" else key})
    headers = {"content-disposition": f'attachment; filename="claude-lens-{by}.csv"'}
    return Response(out.getvalue().encode("utf-8", "replace"), media_type="text/csv", headers=headers)


def _zone() -> Any:
    return datetime.now().astimezone().tzinfo


def _by(query: Mapping[str, str]) -> str:
    by = query.get("by", "model")
    return by if by in GROUPS else "model"


def _wanted(query: Mapping[str, str]) -> Filter:
    chosen: dict[str, Any] = {name: query.get(name) or None for name in CHOSEN}
    since, until = query.get("since"), query.get("until")
    span = query.get("range", "30d")
    if since or until:
        chosen["since"] = moment(since, _zone()) if since else None
        chosen["until"] = moment(until, _zone()) + 86400 if until else None
    elif span != "all":
        chosen["since"] = moment(span if span in RANGES else "30d", _zone())
    return Filter(**chosen)


def _unit(connection: Connection, wanted: Filter) -> str:
    since = wanted.since
    until = wanted.until or time.time()
    return "hour" if since is not None and until - since <= _LONGEST_BY_HOUR else "day"


def _series(
    connection: Connection, wanted: Filter, by: str, found: Stats, unit: str
) -> dict[str, dict[str, Numbers]]:
    """The greatest groups by moment; none where the group is no property that can be chosen by."""
    name = _FILTERS.get(by, by)
    if name not in CHOSEN:
        return {}
    keys = [group["key"] for group in found["groups"] if group["key"] and group["cost_usd"]][:STACKED]
    given: list[tuple[str, dict[str, Any]]] = [(key, {name: key}) for key in keys if key is not None]
    chosen = {key: replace(wanted, **only) for key, only in given}
    return {
        key: {str(one["key"]): one for one in stats(connection, only, by=unit, tz=_zone())["groups"]}
        for key, only in chosen.items()
    }


def _links(kept: Mapping[str, str], by: str) -> Links:
    """Where a bar leads: the exchanges of its moment, of its group."""
    base = {name: value for name, value in kept.items() if name in CHOSEN}

    def link(at: str, group: str | None) -> str:
        more = {_FILTERS.get(by, by): group} if group not in (None, REST) else {}
        if not at:
            given = {"since": kept.get("since") or kept.get("range", "30d"), "until": kept.get("until", "")}
            if given["since"] == "all":
                given["since"] = ""
            span = {name: value for name, value in given.items() if value}
        else:
            start = datetime.fromisoformat(at)
            end = start + (timedelta(hours=1) if "T" in at else timedelta(days=1))
            span = {"since": at, "until": end.isoformat() if "T" in at else end.date().isoformat()}
        return "/exchanges?" + urlencode({**base, **more, **span})

    return link


def _words(at: str, unit: str) -> str:
    moment_ = datetime.fromisoformat(at)
    return moment_.strftime("%H:%M") if unit == "hour" else f"{moment_.day} {moment_:%b}"


def _moments(whole: Stats, unit: str) -> list[Numbers]:
    """The groups of time with empty ones in between, the newest so many."""
    groups = whole["groups"]
    if not groups:
        return []
    step = timedelta(hours=1) if unit == "hour" else timedelta(days=1)
    form = "%Y-%m-%dT%H:00%z" if unit == "hour" else "%Y-%m-%d"
    known = {str(group["key"]): group for group in groups}
    at, last = datetime.fromisoformat(min(known)), datetime.fromisoformat(max(known))
    at = max(at, last - step * (_MOST_COLUMNS - 1))
    empty: Any = dict.fromkeys(whole["total"], 0)
    found: list[Numbers] = []
    while at <= last:
        key = at.strftime(form)
        made: Any = {**empty, "key": key}
        found.append(known.get(key, made))
        at += step
    return found


def _costs(whole: Stats, series: Mapping[str, Mapping[str, Numbers]], unit: str, links: Links) -> Chart:
    names = [*series, REST] if series else ["cost"]
    columns = []
    for one in _moments(whole, unit):
        at, left = str(one["key"]), one["cost_usd"] or 0.0
        parts: list[tuple[str, float, str, str]] = []
        for name, values in series.items():
            usd = (values[at]["cost_usd"] or 0.0) if at in values else 0.0
            left -= usd
            parts.append((name, usd, f"{at}, {name}: {money(usd)}", links(at, name)))
        if left > 1e-9:
            parts.append((names[-1], left, f"{at}: {money(left)}", links(at, None)))
        columns.append(Column(_words(at, unit), parts))
    used = {part[0] for column in columns for part in column.parts if part[1] > 0}
    return stacked(columns, [name for name in names if name in used])


def _tokens(whole: Stats, unit: str, links: Links) -> Chart:
    columns = []
    for one in _moments(whole, unit):
        at = str(one["key"])
        values: Mapping[str, Any] = one
        parts = [
            (words, float(values[name]), f"{at}, {words}: {count(values[name])}", links(at, None))
            for name, words in _TOKEN_KINDS.items()
        ]
        columns.append(Column(_words(at, unit), parts))
    return stacked(columns, _present(columns, list(_TOKEN_KINDS.values())))


def _errors(whole: Stats, unit: str, links: Links) -> Chart:
    columns = []
    for one in _moments(whole, unit):
        at, wrong = str(one["key"]), one["errors"]
        link = links(at, None)
        good = one["requests"] - wrong
        parts = [
            ("answered", float(good), f"{at}: {good} answered", link),
            ("errors", float(wrong), f"{at}: {wrong} errors", link + "&status=error"),
        ]
        columns.append(Column(_words(at, unit), parts))
    return stacked(columns, _present(columns, ["answered", "errors"]))


def _present(columns: Sequence[Column], names: Sequence[str]) -> list[str]:
    used = {part[0] for column in columns for part in column.parts if part[1] > 0}
    return [name for name in names if name in used]


routes = [Route("/numbers", numbers), Route("/numbers.csv", table)]
