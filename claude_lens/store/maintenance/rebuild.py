"""Making anew what follows from the records: search index, occurrences, tools, totals.

For a database of an older version. Totals of what was pruned stay; those of its tools do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, select

from claude_lens.exact import load
from claude_lens.store.bodies import Loader
from claude_lens.store.content import unpack
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import (
    CREATE_SEARCH,
    SEARCH,
    calls,
    contents,
    exchanges,
    occurrences,
    payloads,
    timings,
    tool_totals,
    totals,
)
from claude_lens.store.writing.calls import calls_of
from claude_lens.store.writing.derived import COUNTED, Derived
from claude_lens.store.writing.known import Known

_CHUNK: Final = 200


def rebuild(connection: Connection) -> None:
    """Do it, on a connection that holds the write lock. Raises :class:`StoreError` for damaged content."""
    for table in (occurrences, calls, tool_totals, timings):
        connection.execute(delete(table))
    connection.execute(delete(totals).where(totals.c.session != 0))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(CREATE_SEARCH)
        connection.exec_driver_sql(f"INSERT INTO {SEARCH}({SEARCH}) VALUES ('delete-all')")
    else:
        connection.exec_driver_sql(f"DELETE FROM {SEARCH}")
    known = Known()
    indexed: set[int] = set()
    tips: set[int] = set()
    keys = [key for (key,) in connection.execute(select(exchanges.c.id).order_by(exchanges.c.id))]
    for start in range(0, len(keys), _CHUNK):
        derived = Derived(connection, known)
        _chunk(connection, derived, keys[start : start + _CHUNK], indexed, tips)
        derived.write()
        derived.learned(known)


def _chunk(
    connection: Connection, derived: Derived, keys: Sequence[int], indexed: set[int], tips: set[int]
) -> None:
    loader = Loader(connection)
    loader.load(keys)
    places = select(exchanges, payloads.c.messages, payloads.c.response_message).outerjoin(
        payloads, payloads.c.exchange == exchanges.c.id
    )
    rows = (
        connection.execute(places.where(exchanges.c.id.in_(keys)).order_by(exchanges.c.id)).mappings().all()
    )
    whole = {one.id: one for one in restored(connection, exchanges.c.id.in_(keys))}
    for row in rows:
        pieces = loader.pieces(row["id"]).get("messages", [])
        answer = [] if row["response_message"] is None else [row["response_message"]]
        for piece in (*pieces, *answer):
            if piece not in indexed:
                indexed.add(piece)
                _index(connection, derived, piece)
            derived.occurs(piece, row["session"], row["id"])
        if row["status"] in COUNTED:
            fresh = row["messages"] not in tips
            derived.ended(row["id"], dict(row), calls_of(whole[row["exchange_id"]], results=fresh))
        tips.add(row["messages"])


def _index(connection: Connection, derived: Derived, piece: int) -> None:
    query = select(contents.c.codec, contents.c.data).where(contents.c.id == piece)
    codec, data = connection.execute(query).one()
    derived.message(piece, load(unpack(codec, data)))
