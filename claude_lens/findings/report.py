"""What became of the findings that were accepted: before and after, for each session."""

from __future__ import annotations

import time
from typing import Final, Literal, TypedDict

from sqlalchemy import Connection

from claude_lens.findings.accepted import Accepted, accepted
from claude_lens.findings.look import sums_of
from claude_lens.store.reading import forms
from claude_lens.store.reading.filters import Filter

DAYS: Final = 30
"""So long before the date, and at most after it, sessions count."""
LESS: Final = 0.8
"""What is more than this part of what it was before is no effect."""

Effect = Literal["less", "gone", "no effect", "too early"]


class Side(TypedDict):
    """A finding before or after its date: in how many ``sessions``, how often, and for how much."""

    sessions: int
    count: int
    usd: float
    ms: float
    per_session_usd: float | None
    per_session_count: float | None


class Outcome(TypedDict):
    """``saved_usd``: what the sessions since would have cost more at the rate of those before."""

    id: str
    kind: str
    project: str | None
    sentence: str
    accepted_at: str
    before: Side
    after: Side
    effect: Effect
    saved_usd: float


def report(connection: Connection, now: float | None = None) -> list[Outcome]:
    """Every accepted finding, the newest first."""
    now = time.time() if now is None else now
    return [_outcome(connection, one, now) for one in accepted(connection)]


def _outcome(connection: Connection, one: Accepted, now: float) -> Outcome:
    span = DAYS * 86400.0
    before = _side(connection, one, one["at"] - span, one["at"])
    after = _side(connection, one, one["at"], min(now, one["at"] + span) + 1)
    effect = _effect(before, after)
    rate = before["per_session_usd"] or 0.0
    saved = max(rate * after["sessions"] - after["usd"], 0.0) if effect in ("less", "gone") else 0.0
    return {
        "id": one["finding"],
        "kind": one["kind"],
        "project": one["project"],
        "sentence": one["sentence"],
        "accepted_at": forms.iso(one["at"]),
        "before": before,
        "after": after,
        "effect": effect,
        "saved_usd": saved,
    }


def _side(connection: Connection, one: Accepted, since: float, until: float) -> Side:
    wanted = Filter(since=since, until=until, project=one["project"])
    sums, sessions, _ = sums_of(connection, wanted)
    found = sums.get(one["finding"])
    count, usd, ms = (found[1].count, found[1].usd, found[1].ms) if found else (0, 0.0, 0.0)
    return {
        "sessions": sessions,
        "count": count,
        "usd": usd,
        "ms": ms,
        "per_session_usd": usd / sessions if sessions else None,
        "per_session_count": count / sessions if sessions else None,
    }


def _effect(before: Side, after: Side) -> Effect:
    if not after["sessions"]:
        return "too early"
    if not after["count"]:
        return "gone" if before["count"] else "no effect"
    name: Literal["usd", "ms"] = "usd" if before["usd"] or after["usd"] else "ms"
    rates = [side[name] / side["sessions"] if side["sessions"] else 0.0 for side in (before, after)]
    return "less" if rates[1] <= LESS * rates[0] else "no effect"
