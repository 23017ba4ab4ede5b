"""What the misses of the prompt cache cost, by their causes, over many sessions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypedDict, TypeVar

from sqlalchemy import Connection, select

from claude_lens.store.insight.why import MISSED, Reason, of_session
from claude_lens.store.reading import forms
from claude_lens.store.reading.filters import Filter, conditions
from claude_lens.store.schema import exchanges, sessions

DEAREST: Final = 10
"""So many sessions are named."""


class Total(TypedDict):
    """Misses together. ``cost_usd`` is what they cost beyond reading, of those with a known price.

    ``unpriced`` counts the others; it is None where no price is known at all.
    """

    misses: int
    missed_tokens: int
    cost_usd: float | None
    unpriced: int


T = TypeVar("T", bound=Total)


class CauseTotal(Total):
    """Those with one cause."""

    cause: str


class SessionTotal(Total):
    """Those of one session."""

    session_id: str
    title: str | None


class Misses(Total):
    """What requests between two times missed; ``requests`` were looked at. Lists begin with the dearest."""

    since: str | None
    until: str | None
    project: str | None
    requests: int
    causes: list[CauseTotal]
    sessions: list[SessionTotal]


def misses(connection: Connection, wanted: Filter) -> Misses:
    """Look through the sessions with exchanges that ``wanted`` chooses; only these count."""
    chosen = (
        select(sessions.c.session_id, sessions.c.title, exchanges.c.exchange_id)
        .join_from(exchanges, sessions)
        .where(*conditions(connection, wanted))
    )
    named: dict[str, str | None] = {}
    counted: dict[str, set[str]] = {}
    for row in connection.execute(chosen.order_by(exchanges.c.id)):
        named[row.session_id] = row.title
        counted.setdefault(row.session_id, set()).add(row.exchange_id)
    requests, every = 0, []
    by_cause: dict[str, list[Reason]] = {}
    by_session: list[SessionTotal] = []
    for session, title in named.items():
        found = [one for one in of_session(connection, session) if one["exchange_id"] in counted[session]]
        requests += len(found)
        missed = [one for one in found if one["verdict"] in MISSED]
        every += missed
        for one in missed:
            by_cause.setdefault(one["cause"] or "unknown", []).append(one)
        if missed:
            by_session.append({"session_id": session, "title": title, **_total(missed)})
    causes: list[CauseTotal] = [{"cause": cause, **_total(some)} for cause, some in by_cause.items()]
    return {
        "since": None if wanted.since is None else forms.iso(wanted.since),
        "until": None if wanted.until is None else forms.iso(wanted.until),
        "project": wanted.project,
        "requests": requests,
        **_total(every),
        "causes": _dearest_first(causes),
        "sessions": _dearest_first(by_session)[:DEAREST],
    }


def _total(some: Sequence[Reason]) -> Total:
    known = [one["cost_usd"] for one in some if one["cost_usd"] is not None]
    return {
        "misses": len(some),
        "missed_tokens": sum(one["missed_tokens"] or 0 for one in some),
        "cost_usd": sum(known) if known or not some else None,
        "unpriced": len(some) - len(known),
    }


def _dearest_first(totals: Iterable[T]) -> list[T]:
    return sorted(totals, key=lambda one: (-(one["cost_usd"] or 0.0), -one["missed_tokens"]))
