"""Exchanges that were pruned and come back with an export: their numbers were kept, and must not count twice.

Numbers of what was pruned stay where they were while its session has other exchanges, and otherwise in rows
of a day without a session. Whichever has them gives them back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from claude_lens.store.answers import exchange_mark, known, living
from claude_lens.store.numbers.totals import Totals
from claude_lens.store.schema import BUCKET, SERIES, answers, exchanges, series, totals
from claude_lens.store.writing.derived import stored_calls
from claude_lens.store.writing.known import Recent

_DAY: Final = 86400


def uncount(connection: Connection, names: Sequence[str]) -> int:
    """Take off what those of these exchanges, which are stored, counted before they were pruned; how many.

    Whatever is called again finds nothing to do. Needs the write lock.
    """
    marks = {exchange_mark(name): name for name in names}
    rows = known(connection, marks)
    there = living(connection, rows.values())
    pruned = {marks[mark] for mark, row in rows.items() if row not in there}
    if not pruned:
        return 0
    sums = Totals()
    found = connection.execute(
        select(exchanges).where(exchanges.c.exchange_id.in_(sorted(pruned)))
    ).mappings()
    stored = [dict(row) for row in found]
    used = stored_calls(connection, [row["id"] for row in stored])
    taken: dict[tuple[Any, ...], int] = {}
    for row in stored:
        tools = used.get(row["id"], {})
        place = (row["session"], int(row["started_at"] // BUCKET) * BUCKET, *(row[name] for name in SERIES))
        own = _surplus(connection, row, place[1]) > taken.get(place, 0)
        taken[place] = taken.get(place, 0) + own
        day = row["started_at"] // _DAY * _DAY
        # Tools are counted by the quarter of an hour in any case.
        sums.add(row, tools, -1)
        sums.add(row, {})
        sums.add(row if own else {**row, "session": 0, "started_at": day}, {}, -1)
        mark = answers.c.mark == exchange_mark(row["exchange_id"])
        connection.execute(update(answers).where(mark).values(exchange=row["id"]))
    sums.write(connection, Recent(1000))
    return len(stored)


def _surplus(connection: Connection, row: Mapping[str, Any], bucket: int) -> int:
    """How many more requests the totals of an exchange's session have, where it counts, than there are."""
    same = [series.c[name] == (row[name] or "") for name in SERIES]
    counted = connection.execute(
        select(func.sum(totals.c.requests))
        .join_from(totals, series, series.c.id == totals.c.series)
        .where(totals.c.session == row["session"], totals.c.bucket == bucket, *same)
    ).scalar()
    alike = [func.coalesce(exchanges.c[name], "") == (row[name] or "") for name in SERIES]
    there = connection.execute(
        select(func.count()).where(
            exchanges.c.session == row["session"],
            exchanges.c.started_at >= bucket,
            exchanges.c.started_at < bucket + BUCKET,
            *alike,
        )
    ).scalar_one()
    return int(counted or 0) - int(there)
