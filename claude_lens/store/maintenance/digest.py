"""Working out what happened in sessions that are quiet, so that nobody who asks has to wait for it.

``claude_lens.findings.ahead`` does it in a process of its own, started beside the recorder. Session by
session, each in a transaction of its own: it may be stopped at any moment and goes on from there.
"""

from __future__ import annotations

import time
from typing import Final

import orjson
from sqlalchemy import ColumnElement, Connection, exists, or_, select

from claude_lens.errors import StoreError
from claude_lens.store import content, database
from claude_lens.store.findings_tables import RULES, session_findings
from claude_lens.store.happened.digests import VERSION, digest, marks
from claude_lens.store.happened_tables import digests
from claude_lens.store.maintenance.upkeep import Progress, opened, quiet, reading
from claude_lens.store.schema import sessions
from claude_lens.store.upsert import insert_into

QUIET: Final = 300.0
"""Seconds after which a session is taken to be over for now."""
AT_ONCE: Final = 500


def is_left(connection: Connection, now: float) -> bool:
    """Whether a quiet session has no digest that may hold, or was never looked through for waste."""
    looked = exists().where(session_findings.c.session == sessions.c.id, session_findings.c.rules == RULES)
    query = select(sessions.c.id).outerjoin(digests, digests.c.session == sessions.c.id)
    waits = query.where(sessions.c.last_at < now - QUIET, or_(_is_stale(), ~looked)).limit(1)
    return connection.execute(waits).first() is not None


def left(connection: Connection, after: int, now: float, most: int = AT_ONCE) -> list[tuple[int, str]]:
    """Quiet sessions after a key that have no digest yet, or were gone on with since: keys and ids."""
    query = (
        select(sessions.c.id, sessions.c.session_id)
        .outerjoin(digests, digests.c.session == sessions.c.id)
        .where(sessions.c.id > after, sessions.c.last_at < now - QUIET, _is_stale())
        .order_by(sessions.c.id)
        .limit(most)
    )
    return [(key, name) for key, name in connection.execute(query)]


def _is_stale() -> ColumnElement[bool]:
    return or_(
        digests.c.session.is_(None),
        digests.c.at < sessions.c.last_at,
        ~digests.c.mark.startswith(f"{VERSION}:"),
    )


def work_out(url: str, progress: Progress = quiet) -> int:
    """Work out what is left; how many sessions that were. Raises :class:`StoreError`."""
    done, after, now = 0, 0, time.time()
    with opened(database.parse(url)) as engine:
        while True:
            with reading(engine) as connection:
                some = left(connection, after, now)
            if not some:
                return done
            for key, name in some:
                after = key
                try:
                    with reading(engine) as connection:
                        mark = marks(connection, [key]).get(key)
                        data = None if mark is None else orjson.dumps(digest(connection, key, name))
                except StoreError:
                    # Damage in one session, which verify names, is no reason to leave out the others.
                    continue
                if data is not None:
                    with engine.begin() as connection:
                        _keep(connection, {"session": key, "mark": mark, "at": time.time()}, data)
                done += 1
                progress("working out what happened in sessions", 0.0)


def _keep(connection: Connection, row: dict[str, object], data: bytes) -> None:
    there = select(sessions.c.id).where(sessions.c.id == row["session"])
    if connection.execute(there).scalar() is None:
        return
    insert = insert_into(connection, digests)
    values = {name: insert.excluded[name] for name in ("mark", "at", "data")}
    row = {**row, "data": content.pack_blob(data)}
    connection.execute(insert.on_conflict_do_update(index_elements=["session"], set_=values), row)
