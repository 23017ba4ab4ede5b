"""What the writer keeps beside the records themselves: the search index, occurrences, tools, totals."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, delete, select

from claude_lens.store import lexing
from claude_lens.store.numbers.totals import SeriesKey, Totals
from claude_lens.store.schema import SEARCH, SEARCH_COLUMNS, calls, exchanges, meta, occurrences
from claude_lens.store.upsert import insert_into
from claude_lens.store.writing.calls import Calls
from claude_lens.store.writing.known import Known
from claude_lens.store.writing.lexemes import vector
from claude_lens.store.writing.prepared import Prepared
from claude_lens.store.writing.words import Columns, columns

REWRITTEN: Final = "rewritten"
INDEXING: Final = "indexing"
COUNTED: Final = ("ok", "error", "cancelled", "interrupted", "refused")
_CALL_COLUMNS: Final = ("calls", "results", "errors", "bytes", "durations")
_INSERT: Final = (
    f"INSERT INTO {SEARCH}(rowid, {', '.join(SEARCH_COLUMNS)}) VALUES (?{', ?' * len(SEARCH_COLUMNS)})"
)
_REMOVE: Final = (
    f"INSERT INTO {SEARCH}({SEARCH}, rowid, {', '.join(SEARCH_COLUMNS)}) "
    f"VALUES ('delete', ?{', ?' * len(SEARCH_COLUMNS)})"
)
_INSERT_WORDS: Final = (
    f"INSERT INTO {SEARCH}(content, words, partial) VALUES (%s, CAST(%s AS tsvector), %s) "
    "ON CONFLICT (content) DO UPDATE SET words = excluded.words, partial = excluded.partial"
)


def _calls(insert: Any) -> Any:
    made = insert(calls)
    values = {name: made.excluded[name] for name in _CALL_COLUMNS}
    return made.on_conflict_do_update(index_elements=["tool", "exchange"], set_=values)


_ADD_CALLS: Final = Prepared(lambda insert, _: _calls(insert))
_ADD_OCCURRENCES: Final = Prepared(lambda insert, _: insert(occurrences).on_conflict_do_nothing())


class Derived:
    """Collects what one transaction adds; ``write`` sends it."""

    def __init__(self, connection: Connection, known: Known) -> None:
        self._connection = connection
        self._known = known
        self._texts: dict[int, Columns] = {}
        self._occurrences: dict[tuple[int, int], int] = {}
        self._calls: list[dict[str, Any]] = []
        self._totals = Totals()
        self._series: dict[SeriesKey, int] = {}

    def message(self, key: int, value: Any) -> None:
        """A message's content that is new in the database."""
        if key not in self._texts and (row := columns(value)):
            self._texts[key] = row

    def occurs(self, content: int, session: int, exchange: int) -> None:
        """A message's content is part of a session."""
        self._occurrences.setdefault((content, session), exchange)

    def ended(self, key: int, row: Mapping[str, Any], tools: Mapping[str, Calls]) -> None:
        """Count an exchange whose row (with ``session``) is final."""
        self._totals.add(row, tools)
        self._calls += [{"tool": tool, "exchange": key, **_call_row(used)} for tool, used in tools.items()]

    def forget(self, key: int) -> None:
        """Take off what an exchange counted that is stored again."""
        row = self._connection.execute(select(exchanges).where(exchanges.c.id == key)).mappings().one()
        if row["status"] == "running":
            return
        self._totals.add(dict(row), stored_calls(self._connection, [key]).get(key, {}), -1)
        self._connection.execute(delete(calls).where(calls.c.exchange == key))
        note_rewriting(self._connection)

    def write(self) -> None:
        """Send everything."""
        index(self._connection, self._texts)
        rows = [
            {"content": content, "session": session, "exchange": exchange}
            for (content, session), exchange in self._occurrences.items()
        ]
        add_occurrences(self._connection, rows)
        _ADD_CALLS.run(self._connection, self._calls)
        self._series = self._totals.write(self._connection, self._known.series)

    def learned(self, known: Known) -> None:
        """What is known now that the transaction is committed."""
        known.series.update(self._series)


def index(connection: Connection, texts: Mapping[int, Columns]) -> None:
    """Put texts by the keys of their contents into the search index."""
    if texts and connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_INSERT, _worded(sorted(texts.items())))
    elif texts:
        rows = [(key, *vector(row)) for key, row in sorted(texts.items())]
        connection.exec_driver_sql(_INSERT_WORDS, rows)


def to_index(connection: Connection) -> tuple[int, int]:
    """``(last, top)``: contents up to the key ``last`` are not in the index yet, of those up to ``top``.

    Both are 0 but after an upgrade (``maintenance/reindex.py``).
    """
    told = connection.execute(select(meta.c.value).where(meta.c.key == INDEXING)).scalar()
    last, _, top = (told or "0/0").partition("/")
    return int(last), int(top)


def unindex(connection: Connection, texts: Mapping[int, Columns]) -> None:
    """Take texts out of the search index again; they must be the very ones that were put in."""
    if texts and connection.dialect.name == "sqlite":
        last, _ = to_index(connection)
        if rows := _worded(one for one in texts.items() if one[0] > last):
            connection.exec_driver_sql(_REMOVE, rows)
    elif texts:
        connection.exec_driver_sql(f"DELETE FROM {SEARCH} WHERE content = ANY(%s)", (list(texts),))


def _worded(texts: Iterable[tuple[int, Columns]]) -> list[tuple[Any, ...]]:
    return [(key, *map(lexing.words, row)) for key, row in texts]


def add_occurrences(connection: Connection, rows: Sequence[Mapping[str, int]]) -> None:
    """Note where contents occur; the first exchange of a session stays."""
    _ADD_OCCURRENCES.run(connection, rows)


def count_interrupted(connection: Connection, rows: Iterable[RowMapping], known: Known) -> None:
    """Count exchanges that were left running and will never end."""
    sums = Totals()
    for row in rows:
        sums.add({**row, "status": "interrupted"}, {})
    known.series.update(sums.write(connection, known.series))


def note_rewriting(connection: Connection) -> None:
    """Tell who lets go of contents that an exchange which had ended may now refer to others."""
    insert = insert_into(connection, meta)
    connection.execute(
        insert.on_conflict_do_update(index_elements=["key"], set_={"value": insert.excluded.value}),
        {"key": REWRITTEN, "value": secrets.token_hex(8)},
    )


def stored_calls(connection: Connection, keys: Sequence[int]) -> dict[int, dict[str, Calls]]:
    """The tools of exchanges (at most a thousand keys) by name, as they were stored."""
    found: dict[int, dict[str, Calls]] = {}
    for row in connection.execute(select(calls).where(calls.c.exchange.in_(keys))):
        durations = orjson.loads(row.durations) if row.durations else []
        used = Calls(row.calls, row.results, row.errors, row.bytes, durations)
        found.setdefault(row.exchange, {})[row.tool] = used
    return found


def _call_row(used: Calls) -> dict[str, Any]:
    durations = orjson.dumps(used.durations).decode() if used.durations else None
    return {
        "calls": used.calls,
        "results": used.results,
        "errors": used.errors,
        "bytes": used.bytes,
        "durations": durations,
    }
