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
from claude_lens.store.maintenance.identify import IDENTIFYING
from claude_lens.store.reading.restore import restored
from claude_lens.store.schema import (
    CREATE_SEARCH,
    SEARCH,
    aliases,
    calls,
    contents,
    exchanges,
    identities,
    meta,
    occurrences,
    payloads,
    timings,
    tool_totals,
    totals,
)
from claude_lens.store.writing.calls import calls_of
from claude_lens.store.writing.derived import COUNTED, INDEXING, Derived
from claude_lens.store.writing.identities import Identities
from claude_lens.store.writing.known import Known
from claude_lens.store.writing.titles import repeats_only

_CHUNK: Final = 200


def rebuild(connection: Connection) -> None:
    """Do it, on a connection that holds the write lock. Raises :class:`StoreError` for damaged content."""
    for table in (occurrences, identities, aliases, calls, tool_totals, timings):
        connection.execute(delete(table))
    connection.execute(delete(totals).where(totals.c.session != 0))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(CREATE_SEARCH)
        connection.exec_driver_sql(f"INSERT INTO {SEARCH}({SEARCH}) VALUES ('delete-all')")
    else:
        connection.exec_driver_sql(f"DELETE FROM {SEARCH}")
    connection.execute(delete(meta).where(meta.c.key.in_([IDENTIFYING, INDEXING])))
    known = Known()
    indexed: set[int] = set()
    tips: set[int] = set()
    keys = [key for (key,) in connection.execute(select(exchanges.c.id).order_by(exchanges.c.id))]
    for start in range(0, len(keys), _CHUNK):
        derived = Derived(connection, known)
        same = Identities(connection, known, unmet=_Unmet(indexed))
        _chunk(connection, derived, same, keys[start : start + _CHUNK], indexed, tips)
        same.write()
        same.learned(known)
        derived.write()
        derived.learned(known)


class _Unmet:
    """The contents that were not looked at yet."""

    def __init__(self, indexed: set[int]) -> None:
        self._indexed = indexed

    def __contains__(self, key: object) -> bool:
        return key not in self._indexed


def _chunk(
    connection: Connection,
    derived: Derived,
    same: Identities,
    keys: Sequence[int],
    indexed: set[int],
    tips: set[int],
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
        quiet = repeats_only(whole[row["exchange_id"]])
        pieces = [] if quiet else loader.pieces(row["id"]).get("messages", [])
        answer = [] if row["response_message"] is None else [row["response_message"]]
        for piece in (*pieces, *answer):
            if piece not in indexed:
                indexed.add(piece)
                _index(connection, derived, same, piece)
            derived.occurs(same.same([piece])[0], row["session"], row["id"])
        if row["status"] in COUNTED:
            fresh = row["messages"] not in tips
            derived.ended(row["id"], dict(row), calls_of(whole[row["exchange_id"]], results=fresh))
        tips.add(row["messages"])


def _index(connection: Connection, derived: Derived, same: Identities, piece: int) -> None:
    query = select(contents.c.digest, contents.c.codec, contents.c.data).where(contents.c.id == piece)
    digest, codec, data = connection.execute(query).one()
    value = load(unpack(codec, data))
    same.meet([(piece, digest, value)])
    if same.same([piece]) == [piece]:
        derived.message(piece, value)
