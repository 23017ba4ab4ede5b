"""Questions in SQL, answered by the database itself, over views whose names and columns stay.

Nothing is changed. The views are temporary, of one connection. On SQLite the file is opened for reading and
an authorizer lets only reading through; on PostgreSQL the transaction is read only, the query a cursor's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from claude_lens.errors import StoreError, UserError
from claude_lens.store import database

VIEWS: Final = {
    "sessions": """
        SELECT session_id, title, project, branch, started_at, last_at FROM {schema}.sessions""",
    "exchanges": """
        SELECT e.exchange_id, s.session_id, e.started_at, e.status, e.http_status, e.error,
            e.lane, e.endpoint,
            e.request_class, e.project, e.branch, e.agent_id, e.agent_parent_id, e.agent_type, e.agent_name,
            e.model_requested, e.model_routed, e.provider, e.stop_reason, e.request_id,
            e.ttfb_ms, e.ttft_ms, e.duration_ms, e.input_tokens, e.output_tokens, e.cache_read_input_tokens,
            e.cache_creation_input_tokens, e.cost_usd, e.cost_requested_usd
        FROM {schema}.exchanges e JOIN {schema}.sessions s ON s.id = e.session""",
    "tool_calls": """
        SELECT e.exchange_id, s.session_id, e.started_at, c.tool, c.calls, c.results, c.errors, c.bytes
        FROM {schema}.calls c JOIN {schema}.exchanges e ON e.id = c.exchange
        JOIN {schema}.sessions s ON s.id = e.session""",
    "tags": """
        SELECT s.session_id, t.tag, t.at FROM {schema}.tags t JOIN {schema}.sessions s ON s.id = t.session""",
}
"""What may be asked, by name. Times are seconds since the epoch (UTC), costs US dollars."""

_ALLOWED: Final = frozenset(
    (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
)
# Of several statements at once Python 3.11 only warns, as an exception.
_REFUSALS: Final = (sqlite3.Error, sqlite3.Warning)


@dataclass(frozen=True, slots=True)
class Answer:
    """The columns' names, and the rows as they come."""

    columns: Sequence[str]
    rows: Iterator[Sequence[Any]]


@contextmanager
def asked(url: str, query: str) -> Iterator[Answer]:
    """The answer to one ``SELECT``, while the context lasts.

    Raises :class:`UserError` with the database's own words where it refuses, :class:`StoreError`.
    """
    address = database.parse(url)
    engine = database.open_reader(address)
    if engine is None:
        raise StoreError(f"{database.shown(address)}: there is no database yet")
    try:
        with database.plain_errors(address), engine.connect() as connection:
            try:
                yield _answer(connection, query.strip().rstrip(";"))
            finally:
                raw = connection.connection.driver_connection
                if isinstance(raw, sqlite3.Connection):
                    raw.set_authorizer(None)
    finally:
        engine.dispose()


def _answer(connection: Connection, query: str) -> Answer:
    if not query:
        raise UserError("the database does not answer that: there is no question")
    sqlite = connection.dialect.name == "sqlite"
    _prepare(connection, sqlite=sqlite)
    try:
        if sqlite:
            found = connection.connection.driver_connection.execute(query)  # type: ignore[union-attr]
            return Answer([column[0] for column in found.description or ()], found)
        # A prepared statement is a single one: nothing ends the transaction and goes on.
        raw: Any = connection.connection.driver_connection
        raw.execute("DECLARE asked NO SCROLL CURSOR FOR " + query, prepare=True)
        first = raw.execute("FETCH 500 FROM asked")
        return Answer([column.name for column in first.description], _fetched(raw, first))
    except Exception as error:
        if not isinstance(error, (DBAPIError, *_REFUSALS)) and not hasattr(error, "sqlstate"):
            raise
        said = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise UserError(f"the database does not answer that: {said}") from error


def _prepare(connection: Connection, *, sqlite: bool) -> None:
    if not sqlite:
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        connection.rollback()
        connection.exec_driver_sql("SET TRANSACTION READ WRITE")
        for name, view in VIEWS.items():
            connection.exec_driver_sql(f"CREATE TEMP VIEW {name} AS {view.format(schema=schema)}")
        connection.commit()
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        return
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA query_only = OFF")
    for name, view in VIEWS.items():
        raw.execute(f"CREATE TEMP VIEW {name} AS {view.format(schema='main')}")
    raw.execute("PRAGMA query_only = ON")
    raw.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY)


def _fetched(raw: Any, found: Any) -> Iterator[Sequence[Any]]:
    while rows := found.fetchall():
        yield from rows
        found = raw.execute("FETCH 500 FROM asked")
