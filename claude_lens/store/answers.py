"""Which answers the store has, or once had: an exchange counts once, however many histories hold it.

An answer is known by what the API calls it, its message's and its request's id, across all sessions: a fork
copies the history it starts from. Where such an id is too short to be the only one of its kind (local models
count from one), it is known by both together, or within its session.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects import postgresql, sqlite

from claude_lens import exact
from claude_lens.store import content
from claude_lens.store.schema import answers, exchanges, meta, payloads, sessions

UPTO: Final = "answers_upto"
_UNIQUE: Final = re.compile(r"[A-Za-z0-9_.-]{16,}")
_CHUNK: Final = 900
_AT_ONCE: Final = 2000
_PAUSE: Final = 0.02


def marks_of(session: str | None, message_id: object, request_id: object, at: str | None = None) -> list[int]:
    """The numbers that an answer is known by. ``at``: the time that its transcript gives it."""
    ids = [("message", message_id), ("request", request_id)]
    told = [(kind, name) for kind, name in ids if isinstance(name, str) and name]
    unique = [_UNIQUE.fullmatch(name) is not None for _, name in told]
    found = [
        _mark(kind, name) if alone else _mark(kind, name, session or "")
        for (kind, name), alone in zip(told, unique, strict=True)
    ]
    if len(told) == 2 and not all(unique):
        found.append(_mark("both", told[0][1], told[1][1]))
    elif told and at and not all(unique):
        found.append(_mark("at", told[0][1], at))
    return found


def exchange_mark(exchange_id: str) -> int:
    """The number that stands for an exchange by its own id."""
    return _mark("exchange", exchange_id)


def _mark(*told: str) -> int:
    data = "\0".join(told).encode("utf-8", "surrogatepass")
    return int.from_bytes(content.digest(data)[:8], "big", signed=True)


def known(connection: Connection, marks: Iterable[int]) -> dict[int, int]:
    """Those of these marks that answers have, and the rows of their exchanges, there or pruned."""
    found: dict[int, int] = {}
    for part in _parts(sorted(set(marks))):
        rows = connection.execute(select(answers.c.mark, answers.c.exchange).where(answers.c.mark.in_(part)))
        found.update((mark, exchange) for mark, exchange in rows)
    return found


def living(connection: Connection, keys: Iterable[int]) -> set[int]:
    """Those of these rows of exchanges that are still there."""
    found: set[int] = set()
    for part in _parts(sorted(set(keys))):
        found |= {
            key for (key,) in connection.execute(select(exchanges.c.id).where(exchanges.c.id.in_(part)))
        }
    return found


def remember(connection: Connection, rows: Sequence[tuple[int, int]]) -> None:
    """Note marks and the rows of their exchanges; a mark that is known keeps its own."""
    if rows:
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(answers)
        connection.execute(
            insert.on_conflict_do_nothing(), [{"mark": mark, "exchange": key} for mark, key in rows]
        )


def note(connection: Connection, keys: Sequence[int], *, gone: bool = False) -> None:
    """Note the answers of these exchanges, which are there; of those that are to go, their own ids too."""
    rows: list[tuple[int, int]] = []
    for part in _parts(keys):
        query = (
            select(
                exchanges.c.id,
                exchanges.c.exchange_id,
                exchanges.c.request_id,
                sessions.c.session_id,
                payloads.c.response_rest,
            )
            .join_from(exchanges, sessions, sessions.c.id == exchanges.c.session)
            .outerjoin(payloads, payloads.c.exchange == exchanges.c.id)
            .where(exchanges.c.id.in_(part))
        )
        for row in connection.execute(query):
            marks = marks_of(row.session_id, _message_id(row.response_rest), row.request_id)
            rows += [(mark, row.id) for mark in marks]
            rows += [(exchange_mark(row.exchange_id), row.id)] if gone else []
    remember(connection, rows)


def _message_id(rest: bytes | None) -> Any:
    try:
        told = exact.load(content.unpack_blob(rest)) if rest else None
    except ValueError:
        return None
    return told.get("id") if isinstance(told, dict) else None


def catch_up(engine: Engine, progress: Callable[[float], None] = lambda _: None) -> None:
    """Note the answers of all exchanges that were stored since it was last done."""
    share = 0.0
    while share < 1.0:
        with engine.begin() as connection:
            share = _some(connection)
        progress(share)
        # Whoever records waits for the lock, and looks for it again every few milliseconds.
        time.sleep(_PAUSE if share < 1.0 else 0.0)


def _some(connection: Connection) -> float:
    told = connection.execute(select(meta.c.value).where(meta.c.key == UPTO)).scalar()
    upto = int(told or 0)
    keys = [
        key
        for (key,) in connection.execute(
            select(exchanges.c.id).where(exchanges.c.id > upto).order_by(exchanges.c.id).limit(_AT_ONCE)
        )
    ]
    if not keys:
        return 1.0
    note(connection, keys)
    # What runs has no answer yet; it is looked at again.
    running = select(func.min(exchanges.c.id)).where(exchanges.c.status == "running", exchanges.c.id > upto)
    first = connection.execute(running).scalar()
    top = keys[-1] if first is None else min(keys[-1], first - 1)
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(meta)
    connection.execute(
        insert.on_conflict_do_update(index_elements=["key"], set_={"value": insert.excluded.value}),
        {"key": UPTO, "value": str(top)},
    )
    last = connection.execute(select(func.max(exchanges.c.id))).scalar_one()
    # Beyond one that runs, all are looked at, and looked at again the next time.
    if top < keys[-1]:
        later = select(exchanges.c.id).where(exchanges.c.id > keys[-1])
        note(connection, [key for (key,) in connection.execute(later)])
        return 1.0
    return 1.0 if len(keys) < _AT_ONCE else min(0.99, top / last)


def _parts(items: Sequence[int]) -> Iterable[Sequence[int]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
