"""What was wasted in each session, kept in the store: a range is added up from that, session by session.

A session is looked through again once its totals are others than they were: it went on, was priced anew, or
an import brought more of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from claude_lens import exact
from claude_lens.errors import StoreError
from claude_lens.findings.catalogue import KINDS
from claude_lens.findings.losses import Kind, Loss, Sum, ident
from claude_lens.findings.session import read
from claude_lens.store import database
from claude_lens.store.content import pack_blob, unpack_blob
from claude_lens.store.findings_tables import RULES, session_findings
from claude_lens.store.reading.filters import Filter, conditions
from claude_lens.store.schema import exchanges, sessions, totals

_CHUNK: Final = 500
_NAMED: Final = {kind.name: kind for kind in KINDS}

Sums = dict[str, tuple[Kind, Sum]]
"""By the finding's id."""


class Row(NamedTuple):
    """A session: its key, its id, when it began and when its newest exchange did."""

    key: int
    id: str
    started_at: float
    last_at: float


def losses_of(connection: Connection, session: str) -> list[tuple[Kind, Loss]]:
    """All that was lost in the session with this id."""
    found = read(connection, session)
    return [(kind, loss) for kind in KINDS for loss in kind.losses(found)]


def added_up(session: str, losses: Iterable[tuple[Kind, Loss]]) -> Sums:
    """These losses by finding."""
    sums: Sums = {}
    for kind, loss in losses:
        project = loss.project if kind.by_project else None
        _, total = sums.setdefault(ident(kind, project, loss.subject), (kind, Sum(loss.subject, project)))
        total.add(session, loss)
    return sums


def merge(into: Sums, more: Sums) -> None:
    """Add a session's sums to those of others."""
    for key, (kind, total) in more.items():
        if key in into:
            into[key][1].merge(total)
        else:
            into[key] = (kind, total)


def overlapping(connection: Connection, wanted: Filter) -> list[Row]:
    """The sessions with exchanges that ``wanted`` chooses, by session, project, since and until."""
    query = select(sessions.c.id, sessions.c.session_id, sessions.c.started_at, sessions.c.last_at)
    if wanted.session is not None or wanted.project is not None:
        keys = select(exchanges.c.session).where(*conditions(connection, wanted)).distinct()
        query = query.where(sessions.c.id.in_(keys))
    if wanted.since is not None:
        query = query.where(sessions.c.last_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(sessions.c.started_at < wanted.until)
    return [Row(*row) for row in connection.execute(query.order_by(sessions.c.last_at.desc()))]


def is_whole(row: Row, wanted: Filter) -> bool:
    """Whether all of a session is within the range."""
    return (wanted.since is None or row.started_at >= wanted.since) and (
        wanted.until is None or row.last_at < wanted.until
    )


def stamps(connection: Connection, keys: Sequence[int]) -> dict[int, str]:
    """What tells whether anything was added to these sessions, or changed in them."""
    found: dict[int, str] = {}
    counted = [func.sum(totals.c[name]) for name in ("requests", "errors", "cost_usd", "duration_ms")]
    for start in range(0, len(keys), _CHUNK):
        part = totals.c.session.in_(keys[start : start + _CHUNK])
        query = select(totals.c.session, *counted).where(part).group_by(totals.c.session)
        for key, requests, errors, usd, took in connection.execute(query):
            found[key] = f"{int(requests)} {int(errors)} {float(usd):.6f} {float(took):.0f}"
    return found


def fresh(connection: Connection, rows: Sequence[Row]) -> dict[int, Sums]:
    """What is kept of these sessions and still holds, by key."""
    keys = [row.key for row in rows]
    now, names = stamps(connection, keys), {row.key: row.id for row in rows}
    found: dict[int, Sums] = {}
    table = session_findings.c
    for start in range(0, len(keys), _CHUNK):
        query = select(table.session, table.stamp, table.data).where(
            table.session.in_(keys[start : start + _CHUNK]), table.rules == RULES
        )
        for key, stamp, data in connection.execute(query):
            # What is damaged is as good as nothing.
            sums = _unpacked(names[key], data) if stamp == now.get(key, "") else None
            if sums is not None:
                found[key] = sums
    return found


def keep(url: str, rows: Sequence[Row], progress: Callable[[float], None] = lambda _: None) -> None:
    """Look through these sessions and keep what is found, each in a short transaction.

    Raises :class:`StoreError` where nothing can be written.
    """
    address = database.parse(url)
    engine = database.open_writer(address)
    try:
        with database.plain_errors(address):
            for done, row in enumerate(rows):
                try:
                    with engine.connect() as connection:
                        reading = connection.execution_options(**{database.READS: True})
                        stamp = stamps(reading, [row.key]).get(row.key, "")
                        sums = added_up(row.id, losses_of(reading, row.id))
                except StoreError:
                    # Damage in one session, which verify names, is no reason to leave out the others.
                    continue
                with engine.begin() as connection:
                    _write(connection, row.key, stamp, sums)
                progress((done + 1) / len(rows))
    finally:
        engine.dispose()


def _write(connection: Connection, key: int, stamp: str, sums: Sums) -> None:
    # It may have been deleted meanwhile.
    if connection.execute(select(sessions.c.id).where(sessions.c.id == key)).scalar() is None:
        return
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(session_findings)
    values = {"rules": RULES, "stamp": stamp, "data": _packed(sums)}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["session"], set_=values), {"session": key, **values}
    )


def forget(connection: Connection) -> None:
    """Keep nothing any more: it is worked out anew where it is asked for."""
    connection.execute(delete(session_findings))


def _packed(sums: Sums) -> bytes:
    return pack_blob(exact.dump([[kind.name, total.plain()] for kind, total in sums.values()]))


def _unpacked(session: str, data: bytes) -> Sums | None:
    sums: Sums = {}
    try:
        for name, plain in exact.load(unpack_blob(data)):
            total = Sum.of(session, plain)
            sums[ident(_NAMED[name], total.project, total.subject)] = (_NAMED[name], total)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    return sums
