"""Making the search index anew after an upgrade has changed what its words are.

A little at a time, the newest messages first, each time in a transaction with how far it came: it may be
stopped, or killed, at any moment and goes on from there. Others read, write and search meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, select

from claude_lens.exact import load
from claude_lens.store.content import unpack
from claude_lens.store.maintenance.upkeep import Progress, in_chunks, quiet, reading, remember
from claude_lens.store.schema import SEARCH_BEFORE, contents, meta, occurrences
from claude_lens.store.writing.derived import INDEXING, index, to_index
from claude_lens.store.writing.words import Columns, columns

FEW: Final = 2000
"""So many contents are indexed at once when a database is opened."""

_CHUNK: Final = 400
_LEAST: Final = 20
_BLOCKS: Final = 500
_PAUSE: Final = 0.05
# FTS5's own two rows of its data; without them an index is not even there to be dropped.
_OWN_ROWS: Final = 10


def is_left(connection: Connection) -> bool:
    """Whether there are messages to put into the index, or an earlier version's index is still there."""
    return bool(to_index(connection)[1]) or _has_before(connection)


def few(connection: Connection) -> bool:
    """Whether what is left is done in a moment, or nothing is."""
    last, _ = to_index(connection)
    query = select(func.count()).where(contents.c.id <= last)
    return int(connection.execute(query).scalar_one()) <= FEW


def share_left(connection: Connection) -> float:
    """Which part of the messages (0 to 1) a search does not find yet; they are the oldest."""
    last, top = to_index(connection)
    return last / top if top else 0.0


def reindex_on(engine: Engine, progress: Progress = quiet) -> int:
    """Put what is left into the index, with a writer's engine; how many contents that were."""
    drop_before(engine)
    with reading(engine) as connection:
        last, top = to_index(connection)
    if not top:
        return 0

    def told(share: float) -> None:
        progress("making the search index", (top - last + share * last) / top)

    told(0.0)
    done = 0

    def action(connection: Connection, keys: Sequence[int]) -> None:
        nonlocal done
        done += _again(connection, keys)

    # A last step even where nothing is left: it takes the note away.
    in_chunks(engine, range(last, -1, -1), action, told, least=_LEAST)
    return done


def _again(connection: Connection, keys: Sequence[int]) -> int:
    last, top = to_index(connection)
    # Another may be at it too: what was done is not done again.
    first, until = max(keys[-1], 0), min(keys[0], last)
    if not top or until < first:
        return 0
    count = 0
    for start in range(first, until + 1, _CHUNK):
        texts = _texts(connection, start, min(start + _CHUNK - 1, until))
        index(connection, texts)
        count += len(texts)
    if first <= 1:
        connection.execute(delete(meta).where(meta.c.key == INDEXING))
    else:
        remember(connection, INDEXING, f"{first - 1}/{top}")
    return count


def _texts(connection: Connection, first: int, until: int) -> dict[int, Columns]:
    between = occurrences.c.content.between(first, until)
    wanted = select(occurrences.c.content).where(between).distinct()
    query = select(contents.c.id, contents.c.codec, contents.c.data).where(contents.c.id.in_(wanted))
    found: dict[int, Columns] = {}
    for key, codec, data in connection.execute(query).all():
        try:
            row = columns(load(unpack(codec, data)))
        except ValueError:
            # For verify to tell; what is damaged is not found.
            continue
        if row is not None:
            found[key] = row
    return found


def _has_before(connection: Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    query = "SELECT 1 FROM sqlite_master WHERE name = ?"
    return connection.exec_driver_sql(query, (SEARCH_BEFORE,)).scalar() is not None


def drop_before(engine: Engine) -> None:
    """Delete an earlier version's index, which nothing reads, some of it at a time."""
    with reading(engine) as connection:
        if not _has_before(connection):
            return
    some = f"SELECT id FROM {SEARCH_BEFORE}_data WHERE id > ? LIMIT ?"
    statement = f"DELETE FROM {SEARCH_BEFORE}_data WHERE id IN ({some})"
    while True:
        with engine.begin() as connection:
            if not _has_before(connection):
                return
            if not connection.exec_driver_sql(statement, (_OWN_ROWS, _BLOCKS)).rowcount:
                connection.exec_driver_sql(f"DROP TABLE {SEARCH_BEFORE}")
                return
        time.sleep(_PAUSE)
