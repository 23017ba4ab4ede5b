"""Forgetting: exchanges that are too old, too many, or of a session; what only they needed goes with them.

Numbers stay: totals of what was pruned are kept a day to a row, without the session.
``python -m claude_lens.store.maintenance.retention`` does what the settings ask for, at most once a day;
the recorder starts it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, func, literal, select, update

from claude_lens import settings as setting_table
from claude_lens.errors import LensError
from claude_lens.settings import Settings
from claude_lens.store import answers, database
from claude_lens.store.findings_tables import session_findings
from claude_lens.store.happened_tables import digests, progress, session_events
from claude_lens.store.maintenance.sweep import Sweep, gone_sessions
from claude_lens.store.maintenance.upkeep import (
    Progress,
    compact_search,
    in_chunks,
    note_deletion,
    opened,
    quiet,
    reading,
    remember,
    shrink,
    used_bytes,
)
from claude_lens.store.schema import (
    COUNTS,
    SUMS,
    TOKENS,
    calls,
    exchanges,
    meta,
    occurrences,
    payloads,
    plan_readings,
    sessions,
    streams,
    tags,
    totals,
)
from claude_lens.store.upsert import insert_into

DAY: Final = 86400
EVERY: Final = DAY
PRUNED_AT: Final = "pruned_at"
_ROUNDS: Final = 8


@dataclass(slots=True)
class Pruned:
    """What went, or would go (``dry_run``); bytes of the database before and after, None where unknown."""

    exchanges: int = 0
    sessions: int = 0
    contents: int = 0
    bytes_before: int | None = None
    bytes_after: int | None = None
    dry_run: bool = False


def prune(
    url: str,
    *,
    older_than: float | None = None,
    max_size: int | None = None,
    session: str | None = None,
    dry_run: bool = False,
    progress: Progress = quiet,
) -> Pruned:
    """Forget exchanges that began before ``older_than``, the oldest beyond ``max_size``, a ``session``'s.

    In seconds since the epoch, bytes, and a whole id. What runs stays. Raises :class:`StoreError`.
    """
    address = database.parse(url)
    done = Pruned(dry_run=dry_run, bytes_before=database.sizes(address))
    with opened(address) as engine:
        if session is not None:
            _forget(engine, _of_session(engine, session), done, progress)
        if older_than is not None:
            _forget(engine, _before(engine, older_than), done, progress)
        if max_size is not None:
            _fit(engine, max_size, done, progress)
        if not dry_run:
            _sweep(engine, done, progress)
            shrink(engine, lambda share: progress("shrinking the file", share))
    done.bytes_after = None if dry_run else database.sizes(address)
    return done


def _of_session(engine: Engine, session: str) -> list[int]:
    key = select(sessions.c.id).where(sessions.c.session_id == session).scalar_subquery()
    return _keys(engine, exchanges.c.session == key)


def _before(engine: Engine, moment: float) -> list[int]:
    return _keys(engine, exchanges.c.started_at < moment)


def _keys(engine: Engine, *where: Any, limit: int | None = None) -> list[int]:
    query = (
        select(exchanges.c.id)
        .where(exchanges.c.status != "running", *where)
        .order_by(exchanges.c.started_at, exchanges.c.id)
        .limit(limit)
    )
    with reading(engine) as connection:
        return [key for (key,) in connection.execute(query)]


def _fit(engine: Engine, max_size: int, done: Pruned, progress: Progress) -> None:
    """Forget the oldest until what is left fits; what they took is estimated, so in several rounds."""
    for _ in range(_ROUNDS):
        with reading(engine) as connection:
            used = used_bytes(connection)
            count = connection.execute(select(func.count()).select_from(exchanges)).scalar_one()
        if used is None or used <= max_size or not count:
            return
        share = 1 - max_size / used
        before = done.exchanges
        _forget(engine, _keys(engine, limit=max(1, int(count * share) + 1)), done, progress)
        if done.dry_run or done.exchanges == before:
            return
        _sweep(engine, done, progress)


def _sweep(engine: Engine, done: Pruned, progress: Progress) -> None:
    sweep = Sweep(engine)
    sweep.run(lambda share: progress("letting go of contents", share))
    done.contents += sweep.contents
    if sweep.contents:
        compact_search(engine, lambda share: progress("compacting the search index", share))


def _forget(engine: Engine, keys: Sequence[int], done: Pruned, progress: Progress) -> None:
    if done.dry_run:
        done.exchanges += len(keys)
        done.sessions += _whole_sessions(engine, keys)
        return

    def action(connection: Connection, part: Sequence[int]) -> None:
        for start in range(0, len(part), 900):
            _delete(connection, part[start : start + 900], done)

    in_chunks(engine, keys, action, lambda share: progress("forgetting exchanges", share))
    in_chunks(engine, gone_sessions(engine, totals), fold, first=10)


def _whole_sessions(engine: Engine, keys: Sequence[int]) -> int:
    gone: dict[int, int] = {}
    with reading(engine) as connection:
        for start in range(0, len(keys), 900):
            query = select(exchanges.c.session).where(exchanges.c.id.in_(keys[start : start + 900]))
            for (session,) in connection.execute(query):
                gone[session] = gone.get(session, 0) + 1
        query = select(exchanges.c.session, func.count()).group_by(exchanges.c.session)
        return sum(gone.get(session) == count for session, count in connection.execute(query))


def _delete(connection: Connection, keys: Sequence[int], done: Pruned) -> None:
    chosen = exchanges.c.id.in_(keys) & (exchanges.c.status != "running")
    rows = connection.execute(select(exchanges.c.id, exchanges.c.session).where(chosen)).all()
    if not rows:
        return
    note_deletion(connection)
    gone, touched = [row.id for row in rows], sorted({row.session for row in rows})
    # A transcript or an export that has them still must not count them again.
    answers.note(connection, gone, gone=True)
    connection.execute(delete(payloads).where(payloads.c.exchange.in_(gone)))
    connection.execute(delete(streams).where(streams.c.exchange.in_(gone)))
    connection.execute(delete(plan_readings).where(plan_readings.c.exchange.in_(gone)))
    connection.execute(delete(progress).where(progress.c.exchange.in_(gone)))
    connection.execute(delete(calls).where(calls.c.exchange.in_(gone)))
    connection.execute(delete(session_findings).where(session_findings.c.session.in_(touched)))
    done.exchanges += connection.execute(delete(exchanges).where(exchanges.c.id.in_(gone))).rowcount
    left = select(exchanges.c.session).where(exchanges.c.session.in_(touched)).distinct()
    alive = {key for (key,) in connection.execute(left)}
    dead = [key for key in touched if key not in alive]
    for table in (tags, session_events, digests):
        connection.execute(delete(table).where(table.c.session.in_(dead)))
    done.sessions += connection.execute(delete(sessions).where(sessions.c.id.in_(dead))).rowcount
    first = (
        select(func.min(exchanges.c.id)).where(exchanges.c.session == occurrences.c.session).scalar_subquery()
    )
    connection.execute(
        update(occurrences)
        .where(occurrences.c.session.in_(sorted(alive)), occurrences.c.exchange.in_(gone))
        .values(exchange=first)
    )
    for key in alive:
        _touch(connection, key)


def _touch(connection: Connection, key: int) -> None:
    span = select(func.min(exchanges.c.started_at), func.max(exchanges.c.started_at))
    first, last = connection.execute(span.where(exchanges.c.session == key)).one()
    connection.execute(update(sessions).where(sessions.c.id == key).values(started_at=first, last_at=last))


def fold(connection: Connection, keys: Sequence[int]) -> None:
    """Totals of sessions that are gone become rows of a day without a session."""
    names = (*COUNTS, *TOKENS, *SUMS)
    gone = totals.c.session.in_(keys)
    day = totals.c.bucket - totals.c.bucket % DAY
    sums = [func.sum(totals.c[name]) for name in names]
    rows = select(day, literal(0), totals.c.series, *sums).where(gone).group_by(day, totals.c.series)
    insert = insert_into(connection, totals)
    insert = insert.from_select(["bucket", "session", "series", *names], rows)
    added = {name: totals.c[name] + insert.excluded[name] for name in names}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["bucket", "session", "series"], set_=added)
    )
    connection.execute(delete(totals).where(gone))


def due(settings: Settings, now: float | None = None) -> bool:
    """Whether the settings ask for pruning and a day has passed since. Marks it as done; one process wins.

    Raises :class:`StoreError`.
    """
    if settings.keep_days is None and settings.max_size is None:
        return False
    now = time.time() if now is None else now
    with opened(database.parse(settings.database_url)) as engine, engine.begin() as connection:
        last = connection.execute(select(meta.c.value).where(meta.c.key == PRUNED_AT)).scalar()
        if last is not None and 0 <= now - float(last) < EVERY:
            return False
        remember(connection, PRUNED_AT, str(now))
        return True


def apply(settings: Settings, progress: Progress = quiet) -> Pruned:
    """Prune as the settings say. Raises :class:`StoreError`."""
    days = settings.keep_days
    return prune(
        settings.database_url,
        older_than=None if days is None else time.time() - days * DAY,
        max_size=settings.max_size,
        progress=progress,
    )


def main() -> int:
    """What the recorder starts once a day."""
    try:
        settings = setting_table.load()
        if due(settings):
            apply(settings)
    except LensError as error:
        print(f"claude-lens: pruning: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
