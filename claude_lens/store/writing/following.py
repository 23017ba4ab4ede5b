"""How far answers have come that are on their way, and what hooks of the client tell of a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, select

from claude_lens.store import database
from claude_lens.store.happened_tables import progress, session_events
from claude_lens.store.schema import exchanges, sessions
from claude_lens.store.upsert import insert_into

ENDED: Final = "ended"
PERMISSION: Final = "permission"
_COLUMNS: Final = ("ttfb_ms", "ttft_ms", "last_at", "bytes", "tokens")
_CHUNK: Final = 900


def follow(connection: Connection, beats: Mapping[str, Sequence[Any]]) -> None:
    """Keep what is known of exchanges that run: by id ``(ttfb_ms, ttft_ms, last_at, bytes, tokens)``.

    Those that are unknown or have ended are passed over, and rows of those that have ended removed.
    """
    running = select(exchanges.c.id).where(exchanges.c.status == "running")
    connection.execute(delete(progress).where(progress.c.exchange.not_in(running)))
    names = list(beats)
    rows = []
    for start in range(0, len(names), _CHUNK):
        query = select(exchanges.c.id, exchanges.c.exchange_id).where(
            exchanges.c.exchange_id.in_(names[start : start + _CHUNK]), exchanges.c.status == "running"
        )
        for key, name in connection.execute(query):
            rows.append({"exchange": key, **dict(zip(_COLUMNS, beats[name], strict=True))})
    if rows:
        _put(connection, progress, rows, _COLUMNS)


def tell(url: str, session: str, kind: str, at: float, detail: str | None = None) -> bool:
    """Note what a hook told of a session; False where it is not known here. Raises :class:`StoreError`."""
    address = database.parse(url)
    engine = database.open_writer(address)
    try:
        with database.plain_errors(address), engine.begin() as connection:
            key = connection.execute(select(sessions.c.id).where(sessions.c.session_id == session)).scalar()
            if key is None:
                return False
            row = {"session": key, "kind": kind, "at": at, "detail": detail}
            _put(connection, session_events, [row], ("at", "detail"))
            return True
    finally:
        engine.dispose()


def _put(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], columns: Sequence[str]
) -> None:
    insert = insert_into(connection, table)
    keys = [column.name for column in table.primary_key.columns]
    values = {name: insert.excluded[name] for name in columns}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values), rows)
