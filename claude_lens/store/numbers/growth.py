"""How the database grows: its size once a day, kept by the writer."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Connection, func, select

from claude_lens.store.numbers.growing import Growth, spans
from claude_lens.store.schema import exchanges, sizes
from claude_lens.store.upsert import insert_into

EVERY: Final = 3600.0
"""Seconds between two looks at the size."""

_DAY: Final = 86400


def record(connection: Connection, now: float | None = None) -> bool:
    """Note today's size, unless that was done within the hour; on a connection that holds the write lock."""
    now = time.time() if now is None else now
    day = int(now // _DAY)
    last = connection.execute(select(sizes.c.at).where(sizes.c.day == day)).scalar()
    if last is not None and 0 <= now - last < EVERY:
        return False
    size = whole_bytes(connection)
    if size is None:
        return False
    count = connection.execute(select(func.count()).select_from(exchanges)).scalar_one()
    insert = insert_into(connection, sizes)
    new = {name: insert.excluded[name] for name in ("at", "bytes", "exchanges")}
    row = {"day": day, "at": now, "bytes": size, "exchanges": count}
    connection.execute(insert.on_conflict_do_update(index_elements=["day"], set_=new), row)
    return True


def whole_bytes(connection: Connection) -> int | None:
    """Bytes of the database, free pages included; None for a kind that does not tell."""
    if connection.dialect.name == "sqlite":
        count, size = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
            for name in ("page_count", "page_size")
        )
        return count * size
    if connection.dialect.name == "postgresql":
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar() or 0)
    return None


def growth(connection: Connection) -> list[Growth]:
    """Over the last day, 7 and 30 days, as far as sizes are known; empty until they are of two days.

    A span begins with the newest size that is at least so old, else with the oldest.
    """
    rows = connection.execute(select(sizes).order_by(sizes.c.day.desc()).limit(400)).all()
    return spans(rows)
