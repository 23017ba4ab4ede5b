"""How the database grows: its size once a day, kept by the writer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final, TypedDict

from sqlalchemy import Connection, func, select

from claude_lens.store.schema import exchanges, sizes
from claude_lens.store.upsert import insert_into

EVERY: Final = 3600.0
"""Seconds between two looks at the size."""

SPANS: Final = (1, 7, 30)
_DAY: Final = 86400


class Growth(TypedDict):
    """What came, on average a day, over so many days; less than nothing where more went than came."""

    days: int
    bytes_per_day: float
    exchanges_per_day: float


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
    found: dict[int, Growth] = {}
    for span in SPANS if len(rows) > 1 else ():
        one = _over(rows, span)
        found.setdefault(one["days"], one)
    return list(found.values())


def _over(rows: Sequence[Any], span: int) -> Growth:
    newest = rows[0]
    first = next((row for row in rows if newest.day - row.day >= span), rows[-1])
    days = newest.day - first.day
    return {
        "days": days,
        "bytes_per_day": (newest.bytes - first.bytes) / days,
        "exchanges_per_day": (newest.exchanges - first.exchanges) / days,
    }
