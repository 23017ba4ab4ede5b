"""Looking for waste: session after session, losses of one kind and subject added up to a finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypedDict

from sqlalchemy import Connection, func, select

from claude_lens.findings.kept import (
    Row,
    Sums,
    added_up,
    fresh,
    is_whole,
    losses_of,
    merge,
    overlapping,
)
from claude_lens.findings.losses import MOST_EVIDENCE, Kind, Loss, Sum
from claude_lens.store.numbers.percentiles import in_range
from claude_lens.store.reading import forms
from claude_lens.store.reading.filters import Filter, conditions
from claude_lens.store.schema import BUCKET, exchanges, series, totals

LEAST_USD: Final = 0.01
LEAST_MS: Final = 15_000.0
LEAST_SHARE: Final = 0.01
"""What is less than a cent (or than so many milliseconds where no money was lost), or than this part of what
was spent, is no finding."""

DAYS: Final = 30


class Finding(TypedDict):
    """Waste of one kind about one subject. ``measured``: by the provider's counts and recorded prices alone.

    ``usd``, ``tokens`` and ``ms`` were paid, sent and waited for beyond what was needed; ``count`` is how
    often, in how many ``sessions``. ``evidence`` are the exchanges that show it, the dearest first, at most
    a hundred. ``project`` is None where it is about all of them. ``accepted_at``: see ``waste accept``.
    """

    id: str
    kind: str
    subject: str
    project: str | None
    measured: bool
    usd: float
    tokens: int
    ms: float
    count: int
    sessions: int
    sentence: str
    remedy: str
    evidence: list[str]
    accepted_at: str | None


class Waste(TypedDict):
    """The findings of a range, the dearest first; ``total_usd`` is their sum, of ``cost_usd`` spent in all.

    ``pending`` of its ``sessions`` have not been looked through yet.
    """

    since: str | None
    until: str | None
    project: str | None
    session: str | None
    sessions: int
    pending: int
    cost_usd: float
    findings: list[Finding]
    total_usd: float


def waste(
    connection: Connection,
    wanted: Filter,
    accepted: Mapping[str, float] | None = None,
    *,
    most: int | None = None,
    every: bool = False,
) -> Waste:
    """The findings about exchanges that ``wanted`` chooses: by session, project, since and until.

    What is kept of a session is taken; others are looked through one by one, ``most`` of them (the newest),
    and the rest is ``pending``. ``accepted``: when which findings were accepted, by id. ``every``: those too
    that are hardly worth telling.
    """
    sums, rows, pending = sums_of(connection, wanted, most)
    whole, model_ms = spent(connection, wanted)
    noted = accepted or {}
    found = [
        finding(key, kind, total, noted.get(key))
        for key, (kind, total) in sums.items()
        if every or is_worth_telling(total, whole, model_ms)
    ]
    found.sort(key=lambda one: (-one["usd"], -one["ms"], one["id"]))
    return {
        "since": None if wanted.since is None else forms.iso(wanted.since),
        "until": None if wanted.until is None else forms.iso(wanted.until),
        "project": wanted.project,
        "session": wanted.session,
        "sessions": rows,
        "pending": pending,
        "cost_usd": whole,
        "findings": found,
        "total_usd": sum(one["usd"] for one in found),
    }


def sums_of(connection: Connection, wanted: Filter, most: int | None = None) -> tuple[Sums, int, int]:
    """All losses of the range by finding, of how many sessions, and how many were left out.

    What is no waste after all, as another session shows, is left out.
    """
    rows = overlapping(connection, wanted)
    known = fresh(connection, [row for row in rows if is_whole(row, wanted)])
    sums: Sums = {}
    pending = 0
    for row in rows:
        found = known.get(row.key)
        if found is None and most is not None and most <= 0:
            pending += 1
            continue
        if found is None:
            most = None if most is None else most - 1
            losses = losses_of(connection, row.id)
            found = added_up(row.id, (one for one in losses if _is_within(one[1], wanted)))
        merge(sums, found)
    if wanted.project is not None:
        sums = {
            key: one for key, one in sums.items() if not one[0].by_project or one[1].project == wanted.project
        }
    kept = {key: (kind, total) for key, (kind, total) in sums.items() if total.count and not total.vetoed}
    return kept, len(rows), pending


def _is_within(loss: Loss, wanted: Filter) -> bool:
    return (wanted.since is None or loss.at >= wanted.since) and (
        wanted.until is None or loss.at < wanted.until
    )


def stale(connection: Connection, wanted: Filter) -> list[Row]:
    """The sessions of which nothing is kept that still holds."""
    rows = overlapping(connection, wanted)
    known = fresh(connection, rows)
    return [row for row in rows if row.key not in known]


def spent(connection: Connection, wanted: Filter) -> tuple[float, float]:
    """US dollars and milliseconds that all requests of the range took, to a quarter of an hour."""
    if wanted.session is not None:
        where = conditions(connection, wanted)
        query = select(func.sum(exchanges.c.cost_usd), func.sum(exchanges.c.duration_ms)).where(*where)
    else:
        ranged = in_range(totals.c.bucket, wanted, BUCKET)
        query = select(func.sum(totals.c.cost_usd), func.sum(totals.c.duration_ms)).where(*ranged)
        if wanted.project is not None:
            query = query.join(series, series.c.id == totals.c.series).where(
                series.c.project == wanted.project
            )
    usd, took = connection.execute(query).one()
    return float(usd or 0.0), float(took or 0.0)


def is_worth_telling(total: Sum, whole_usd: float, whole_ms: float) -> bool:
    """Whether it is more than a cent and a hundredth of all."""
    if round(total.usd, 6) >= LEAST_USD and total.usd >= LEAST_SHARE * whole_usd:
        return True
    return not total.usd and total.ms >= LEAST_MS and total.ms >= LEAST_SHARE * whole_ms


def finding(key: str, kind: Kind, total: Sum, accepted: float | None) -> Finding:
    """The JSON form."""
    sentence, remedy = kind.told(total)
    dearest = sorted(total.evidence, key=lambda one: (-total.evidence[one], one))
    return {
        "id": key,
        "kind": kind.name,
        "subject": total.subject,
        "project": total.project,
        "measured": total.measured,
        "usd": total.usd,
        "tokens": total.tokens,
        "ms": round(total.ms, 3),
        "count": total.count,
        "sessions": len(total.sessions),
        "sentence": sentence,
        "remedy": remedy,
        "evidence": dearest[:MOST_EVIDENCE],
        "accepted_at": None if accepted is None else forms.iso(accepted),
    }
