"""Numbers: cost, tokens, speed and errors over any range, by anything; each leads to its exchanges."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.charts import Chart, Column, stacked
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.store.numbers.limits import latest
from claude_lens.store.numbers.moments import FORMS, Sums, Unit, moments
from claude_lens.store.numbers.stats import GROUPS, Stats, stats
from claude_lens.store.numbers.tool_stats import tools
from claude_lens.store.reading.filters import Filter
from claude_lens.terminal import count, money
from claude_lens.when import moment

RANGES: Final = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days", "all": "All"}
CHOSEN: Final = ("model", "agent", "project", "branch", "provider", "request_class")
STACKED: Final = 6
REST: Final = "the rest"
_LONGEST_BY_HOUR: Final = 49 * 3600
_MOST_COLUMNS: Final = 120
_LEAST_COLUMNS: Final = 14
"""Fewer would be as wide as walls."""
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
    """The page: range and grouping. What takes time to add up is asked for by the page itself."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    _wanted(query)
    kept = {name: value for name, value in query.items() if value}
    return page(
        "numbers.html",
        here="numbers",
        token=lens.access.token(request.scope["cookie"]),
        by=_by(query),
        groups=GROUPS,
        ranges={key: (words, urlencode({**kept, "range": key})) for key, words in RANGES.items()},
        range=query.get("range", "30d"),
        since=query.get("since", ""),
        until=query.get("until", ""),
        kept=urlencode(kept),
        chosen={name: query[name] for name in CHOSEN if query.get(name)},
    )


def sums(request: Request) -> Response:
    """Totals, charts and tables."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    wanted, by = _wanted(query), _by(query)
    unit = _unit(wanted)
    with lens.reader.connect() as connection:
        found = stats(connection, wanted, by=by, tz=_zone())
        moment_sums = moments(connection, wanted, by=by, unit=unit, tz=_zone())
        used = tools(connection, wanted)
        limits = latest(connection)
    links = _links({name: value for name, value in query.items() if value}, by)
    columns = _moments(moment_sums, unit)
    return page(
        "numbers_sums.html",
        found=found,
        by=by,
        cost=_costs(columns, _greatest(found, by), unit, links),
        tokens=_tokens(columns, unit, links),
        errors=_errors(columns, unit, links),
        links=links,
        tools=used,
        limits=limits,
        unit=unit,
        slowest=max((group["ttft_ms_p95"] or 0 for group in found["groups"]), default=0),
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


def _unit(wanted: Filter) -> Unit:
    until = wanted.until or time.time()
    return "hour" if wanted.since is not None and until - wanted.since <= _LONGEST_BY_HOUR else "day"


def _greatest(found: Stats, by: str) -> list[str]:
    """The groups that cost most; none where the groups are no property of an exchange."""
    if _FILTERS.get(by, by) not in CHOSEN:
        return []
    return [str(group["key"]) for group in found["groups"] if group["key"] and group["cost_usd"]][:STACKED]


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


def _words(at: str, unit: Unit) -> str:
    moment_ = datetime.fromisoformat(at)
    return moment_.strftime("%H:%M") if unit == "hour" else f"{moment_.day} {moment_:%b}"


def _moments(found: Mapping[str, dict[str, Sums]], unit: Unit) -> list[tuple[str, dict[str, Sums]]]:
    """The moments with empty ones in between, the newest so many."""
    if not found:
        return []
    step = timedelta(hours=1) if unit == "hour" else timedelta(days=1)
    at, last = datetime.fromisoformat(min(found)), datetime.fromisoformat(max(found))
    at = max(min(at, last - step * (_LEAST_COLUMNS - 1)), last - step * (_MOST_COLUMNS - 1))
    filled: list[tuple[str, dict[str, Sums]]] = []
    while at <= last:
        key = at.strftime(FORMS[unit])
        filled.append((key, found.get(key, {})))
        at += step
    return filled


def _all(groups: Mapping[str, Sums], name: str) -> float:
    return sum(one[name] for one in groups.values())


def _costs(
    moments_: Sequence[tuple[str, dict[str, Sums]]], series: Sequence[str], unit: Unit, links: Links
) -> Chart:
    names = [*series, REST] if series else ["cost"]
    columns = []
    for at, groups in moments_:
        parts = [
            (name, usd, f"{at}, {name}: {money(usd)}", links(at, name))
            for name in series
            if (usd := groups[name]["cost_usd"] if name in groups else 0.0)
        ]
        left = _all(groups, "cost_usd") - sum(part[1] for part in parts)
        if left > 1e-9:
            parts.append((names[-1], left, f"{at}: {money(left)}", links(at, None)))
        columns.append(Column(_words(at, unit), parts))
    return stacked(columns, _present(columns, names))


def _tokens(moments_: Sequence[tuple[str, dict[str, Sums]]], unit: Unit, links: Links) -> Chart:
    columns = []
    for at, groups in moments_:
        values = {words: _all(groups, name) for name, words in _TOKEN_KINDS.items()}
        link = links(at, None)
        parts = [(words, value, f"{at}, {words}: {count(value)}", link) for words, value in values.items()]
        columns.append(Column(_words(at, unit), parts))
    return stacked(columns, _present(columns, list(_TOKEN_KINDS.values())))


def _errors(moments_: Sequence[tuple[str, dict[str, Sums]]], unit: Unit, links: Links) -> Chart:
    columns = []
    for at, groups in moments_:
        wrong = _all(groups, "errors")
        good = _all(groups, "requests") - wrong
        link = links(at, None)
        parts = [
            ("answered", good, f"{at}: {good:.0f} answered", link),
            ("errors", wrong, f"{at}: {wrong:.0f} errors", link + "&status=error"),
        ]
        columns.append(Column(_words(at, unit), parts))
    return stacked(columns, _present(columns, ["answered", "errors"]))


def _present(columns: Sequence[Column], names: Sequence[str]) -> list[str]:
    used = {part[0] for column in columns for part in column.parts if part[1] > 0}
    return [name for name in names if name in used]


routes = [
    Route("/numbers", numbers),
    Route("/numbers/sums", sums),
    Route("/numbers.csv", table),
]
