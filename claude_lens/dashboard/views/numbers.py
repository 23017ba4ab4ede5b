"""Numbers: cost, tokens, speed and errors over any range, by anything; each leads to its exchanges."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from claude_lens.dashboard.charts import REST, Colours
from claude_lens.dashboard.figures import STACKED, Figures, Links, speeds, tool_times
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import page
from claude_lens.store.happened.missing import misses
from claude_lens.store.numbers import percentiles
from claude_lens.store.numbers.distributions import EVERYTHING, distributions
from claude_lens.store.numbers.limits import latest
from claude_lens.store.numbers.moments import GROUPED, moments, together, tool_moments
from claude_lens.store.numbers.spans import Unit
from claude_lens.store.numbers.stats import GROUPS, Stats, series_conditions, stats
from claude_lens.store.numbers.tool_stats import tools
from claude_lens.store.reading.filters import Filter
from claude_lens.store.schema import BUCKET, series, totals
from claude_lens.when import moment

RANGES: Final = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days", "all": "All"}
CHOSEN: Final = ("model", "agent", "project", "branch", "provider", "request_class")
_LONGEST_BY_HOUR: Final = 49 * 3600
_FILTERS: Final = {"class": "request_class"}


def numbers(request: Request) -> Response:
    """The page: range and grouping. What takes time to add up is asked for by the page itself."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    _wanted(query)
    kept = {name: value for name, value in query.items() if value}
    span = kept.get("range") or _smallest(lens, query)
    if not (kept.get("since") or kept.get("until")):
        kept["range"] = span
    return page(
        "numbers.html",
        here="numbers",
        token=lens.access.token(request.scope["cookie"]),
        by=_by(query),
        groups=GROUPS,
        ranges={key: (words, urlencode({**kept, "range": key})) for key, words in RANGES.items()},
        range=span,
        since=query.get("since", ""),
        until=query.get("until", ""),
        kept=urlencode(kept),
        chosen={name: query[name] for name in CHOSEN if query.get(name)},
    )


def sums(request: Request) -> Response:
    """Totals, charts and the table of groups; it asks for the tools by itself."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    wanted, by = _wanted(query), _by(query)
    unit = _unit(wanted)
    with lens.reader.connect() as connection:
        by_moment = moments(connection, wanted, by=by, unit=unit, tz=_zone())
        known = together(by_moment)
        times = distributions(connection, wanted, int(sum(one["requests"] for one in known.values())))
        found = stats(
            connection,
            wanted,
            by=by,
            tz=_zone(),
            sums=known if by in GROUPED else None,
            times=times if by == "model" and EVERYTHING not in times else None,
        )
    kept = {name: value for name, value in query.items() if value}
    links = _links(kept, by)
    colours = Colours()
    drawn = Figures.of(by_moment, unit, links, colours)
    most = _greatest(found, by)
    charts = [
        drawn.costs(most),
        drawn.tokens(),
        drawn.requests(),
        drawn.errors(most),
        *speeds(times, _links(kept, "model"), colours),
    ]
    charts = [one for one in charts if one.series]
    return page(
        "numbers_sums.html",
        found=found,
        by=by,
        charts=charts,
        links=links,
        kept=urlencode(kept),
        slowest=max((group["ttft_ms_p95"] or 0 for group in found["groups"]), default=0),
    )


def tool_sums(request: Request) -> Response:
    """Tools: calls and errors over time, how long they took, a table."""
    lens: Lens = request.app.state.lens
    query = request.query_params
    wanted = _wanted(query)
    unit = _unit(wanted)
    with lens.reader.connect() as connection:
        by_moment = tool_moments(connection, wanted, unit=unit, tz=_zone())
        times = percentiles.tools(connection, wanted)
        used = tools(connection, wanted, sums=together(by_moment), times=times)
        limits = latest(connection)
        # A digest tells of whole sessions: it cannot be narrowed to a model or a branch.
        narrowed = any(query.get(name) for name in CHOSEN)
        missed = None if narrowed else misses(connection, wanted.since, wanted.until)
    links = _links({name: value for name, value in query.items() if value}, "tool")
    colours = Colours()
    drawn = Figures.of(by_moment, unit, links, colours)
    most = [one["tool"] for one in used if one["calls"]][:STACKED]
    charts = [
        drawn.tools("tool-calls", "Calls", "calls", most),
        drawn.tools("tool-errors", "Failed calls", "errors", most),
        tool_times({name: times[name] for name in most if name in times}, links, colours),
    ]
    charts = [one for one in charts if one.series]
    return page("numbers_tools.html", tools=used, charts=charts, links=links, limits=limits, missed=missed)


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


def _smallest(lens: Lens, query: Mapping[str, str]) -> str:
    """The shortest range in which anything happened."""
    where = series_conditions(_wanted({name: query[name] for name in CHOSEN if query.get(name)}))
    newest = select(func.max(totals.c.bucket))
    if where:
        newest = newest.join_from(totals, series, series.c.id == totals.c.series).where(*where)
    with lens.reader.connect() as connection:
        at = connection.execute(newest).scalar()
    spans = [name for name in RANGES if name != "all"]
    return next(
        (name for name in spans if at is not None and at + BUCKET > moment(name, _zone())),
        "30d" if at is None else "all",
    )


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


routes = [
    Route("/numbers", numbers),
    Route("/numbers/sums", sums),
    Route("/numbers/tools", tool_sums),
    Route("/numbers.csv", table),
]
