"""Sessions with what happened in them: the form of ``lensctl sessions --json``."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from claude_lens.happened.edits import Change
from claude_lens.happened.states import SessionState, iso
from claude_lens.happened.times import NO_TIME, Times
from claude_lens.store.happened.digests import digests_of
from claude_lens.store.happened.live import states_of
from claude_lens.store.happened_tables import progress
from claude_lens.store.reading import forms
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import exchanges, sessions

FAILED = ("error", "refused")


class Told(forms.Session):
    """A session, what it does, and what happened in it.

    ``state`` is None where it holds no conversation. ``last_activity`` is when the last byte was sent or
    came; ``errors`` counts requests that failed or were refused. ``missed_usd`` is what the misses of the
    prompt cache cost beyond reading it.
    """

    state: SessionState | None
    state_since: str | None
    last_activity: str
    errors: int
    files_changed: int
    time: Times
    missed_usd: float | None


def told(reader: Reader, found: Sequence[forms.Session], now: float | None = None) -> list[Told]:
    """The same sessions with what happened in them, in one consistent read."""
    now = time.time() if now is None else now
    with reader.connect() as connection:
        keys = keys_of(connection, [one["id"] for one in found])
        states = states_of(connection, list(keys.values()), now)
        digests = digests_of(connection, list(keys.values()))
        errors, last = _errors(connection, list(keys.values())), _last(connection, list(keys.values()))
    listed: list[Told] = []
    for one in found:
        key = keys.get(one["id"], 0)
        state, digest = states.get(key), digests.get(key)
        listed.append(
            {
                **one,
                "state": state,
                "state_since": None if state is None else state["since"],
                "last_activity": iso(last[key]) if key in last else one["started_at"],
                "errors": errors.get(key, 0),
                "files_changed": len(changed(digest["changes"])) if digest else 0,
                "time": digest["times"] if digest else NO_TIME,
                "missed_usd": digest["missed_usd"] if digest else None,
            }
        )
    return listed


def changed(files: Sequence[Change]) -> list[Change]:
    """The files of which an edit was carried out."""
    return [one for one in files if one["edits"]]


def keys_of(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """The keys of sessions by their ids; those that are not there are missing."""
    query = select(sessions.c.session_id, sessions.c.id).where(sessions.c.session_id.in_(names))
    return {key: value for key, value in connection.execute(query)}  # noqa: C416


def _errors(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    query = (
        select(exchanges.c.session, func.count())
        .where(exchanges.c.status.in_(FAILED), exchanges.c.session.in_(keys))
        .group_by(exchanges.c.session)
    )
    return {key: value for key, value in connection.execute(query)}  # noqa: C416


def _last(connection: Connection, keys: Sequence[int]) -> dict[int, float]:
    ended = exchanges.c.started_at + func.coalesce(exchanges.c.duration_ms, 0.0) / 1000
    query = select(exchanges.c.session, func.max(ended)).where(exchanges.c.session.in_(keys))
    found = {key: float(at) for key, at in connection.execute(query.group_by(exchanges.c.session))}
    coming = (
        select(exchanges.c.session, func.max(progress.c.last_at))
        .join(exchanges, exchanges.c.id == progress.c.exchange)
        .where(exchanges.c.status == "running", exchanges.c.session.in_(keys))
        .group_by(exchanges.c.session)
    )
    for key, at in connection.execute(coming):
        found[key] = max(found.get(key, 0.0), float(at or 0.0))
    return found
