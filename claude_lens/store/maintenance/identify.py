"""Bringing a database of an earlier version over: which of its messages are the same in another form.

A little at a time, oldest first, each time in a transaction with how far it came: it may be stopped, or
killed, at any moment and goes on from there. Others read and write meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, func, select

from claude_lens.exact import load
from claude_lens.store.content import unpack
from claude_lens.store.maintenance.upkeep import (
    Progress,
    in_chunks,
    note_deletion,
    quiet,
    reading,
    remember,
)
from claude_lens.store.schema import aliases, contents, meta, occurrences
from claude_lens.store.writing.derived import add_occurrences, unindex
from claude_lens.store.writing.identities import Identities
from claude_lens.store.writing.known import Known
from claude_lens.store.writing.words import columns

IDENTIFYING: Final = "identifying"
FEW: Final = 5000
"""So many contents are looked through at once when a database is opened."""

_CHUNK: Final = 400
_LEAST: Final = 50


def left(connection: Connection) -> range:
    """The keys of the contents that are still to be looked through."""
    told = connection.execute(select(meta.c.value).where(meta.c.key == IDENTIFYING)).scalar()
    done, _, top = (told or "0/0").partition("/")
    return range(int(done) + 1, int(top) + 1)


def identify_on(engine: Engine, progress: Progress = quiet) -> int:
    """Look through what is left, with a writer's engine; how many contents that were."""
    with reading(engine) as connection:
        keys = left(connection)
    whole = keys.stop - 1 or 1
    done = keys.start - 1

    def told(share: float) -> None:
        progress("looking for messages in other forms", (done + share * len(keys)) / whole)

    told(0.0)
    in_chunks(engine, keys, _look_through, told, least=_LEAST)
    return len(keys)


def _look_through(connection: Connection, keys: Sequence[int]) -> None:
    now = left(connection)
    # Another may be at it too: what was done is not done again.
    keys = range(max(keys[0], now.start), min(keys[-1], now.stop - 1) + 1)
    if not keys:
        return
    for start in range(0, len(keys), _CHUNK):
        _part(connection, keys[start : start + _CHUNK], now.stop)
    if keys[-1] >= now.stop - 1:
        connection.execute(delete(meta).where(meta.c.key == IDENTIFYING))
    else:
        remember(connection, IDENTIFYING, f"{keys[-1]}/{now.stop - 1}")


def _part(connection: Connection, keys: Sequence[int], stop: int) -> None:
    between = occurrences.c.content.between(keys[0], keys[-1])
    wanted = select(occurrences.c.content).where(between).distinct()
    query = (
        select(contents.c.id, contents.c.digest, contents.c.codec, contents.c.data)
        .where(contents.c.id.in_(wanted))
        .order_by(contents.c.id)
    )
    values: dict[int, Any] = {}
    met: list[tuple[int, bytes, Any]] = []
    for key, digest, codec, data in connection.execute(query).all():
        try:
            values[key] = load(unpack(codec, data))
        except ValueError:
            # For verify to tell; what is damaged is nothing else in another form.
            continue
        met.append((key, digest, values[key]))
    same = Identities(connection, Known(), unmet=range(keys[0], stop))
    same.meet(met)
    same.write()
    if same.found:
        note_deletion(connection)
        texts = {key: row for key in same.found if (row := columns(values[key])) is not None}
        unindex(connection, texts)
        _move(connection, same.found)
        for other, chosen in same.found.items():
            # What came since the upgrade may have been found to be like one that is another itself.
            connection.execute(aliases.update().where(aliases.c.same == other).values(same=chosen))


def _move(connection: Connection, found: dict[int, int]) -> None:
    """Occurrences of what is another message become that one's; the earliest exchange stays."""
    chosen = occurrences.c.content.in_(list(found))
    rows = connection.execute(select(occurrences).where(chosen)).all()
    connection.execute(delete(occurrences).where(chosen))
    moved: dict[tuple[int, int], int] = {}
    for row in rows:
        place = (found[row.content], row.session)
        moved[place] = min(row.exchange, moved.get(place, row.exchange))
    for (same, session), exchange in moved.items():
        there = (occurrences.c.content == same) & (occurrences.c.session == session)
        connection.execute(
            occurrences.update().where(there, occurrences.c.exchange > exchange).values(exchange=exchange)
        )
    add_occurrences(connection, list(_rows(moved)))


def _rows(moved: dict[tuple[int, int], int]) -> Iterable[dict[str, int]]:
    for (same, session), exchange in moved.items():
        yield {"content": same, "session": session, "exchange": exchange}


def few(connection: Connection) -> bool:
    """Whether what is left is done in a moment, or nothing is."""
    keys = left(connection)
    query = select(func.count()).where(contents.c.id.between(keys.start, keys.stop))
    return not keys or int(connection.execute(query).scalar_one()) <= FEW
