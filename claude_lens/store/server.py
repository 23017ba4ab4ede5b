"""PostgreSQL: engines whose values are those that SQLite gives, its errors, the lock that writers share."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from claude_lens.store.rows import text
from claude_lens.store.schema import SEARCH, metadata

DRIVER: Final = "postgresql+psycopg"
DRIVER_MISSING: Final = (
    "PostgreSQL needs a driver that is not installed: pip install 'claude-lens[postgres]' "
    "(or 'psycopg[binary]')"
)
CONNECT_SECONDS: Final = 5
"""How long to wait for a server that does not answer, where the address says nothing else."""

# Of a row beside its large columns, and of its places in indexes.
_ROW_BYTES: Final = 200
_WRITERS_LOCK: Final = 0x6C656E73
_LOCK: Final = f"SELECT set_config('lock_timeout', %s, true), pg_advisory_xact_lock({_WRITERS_LOCK})"
# 54: a row is too large for an index; 0A: not supported. Neither goes away by waiting.
_MISTAKES: Final = ("54", "0A")


def is_one(url: URL) -> bool:
    """Whether this is the address of a PostgreSQL server."""
    return url.get_backend_name() == "postgresql"


def with_driver(url: URL) -> URL:
    """``postgresql://`` with the driver that we install; an address that names one keeps it."""
    return url.set(drivername=DRIVER) if url.drivername == "postgresql" else url


def without_driver(url: URL) -> URL:
    """The address as people write it."""
    return url.set(drivername="postgresql") if url.drivername == DRIVER else url


def engine(url: URL, *, reads: bool = False) -> Engine:
    """An engine whose connections are tried before they are used; ``reads``: each read sees one moment.

    Raises ``ImportError`` without the driver. Connects when first used.
    """
    options: dict[str, Any] = {"pool_pre_ping": True}
    if reads:
        options["isolation_level"] = "REPEATABLE READ"
        options["execution_options"] = {"postgresql_readonly": True}
    if is_one(url) and "connect_timeout" not in url.query:
        options["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
    made = create_engine(url, **options)
    if is_one(url):
        event.listen(made, "connect", _prepare)
        event.listen(made, "before_cursor_execute", _clean, retval=True)
    return made


def one_moment(connection: Connection) -> Connection:
    """The connection of a writer, for a look that sees one moment from beginning to end."""
    if connection.dialect.name != "postgresql":
        return connection
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def lock_out_others(connection: Connection, seconds: float) -> None:
    """Hold the writers' lock until the transaction ends. Row ids are given out by who holds it."""
    connection.exec_driver_sql(_LOCK, (f"{max(1, round(seconds * 1000))}ms",))


def _prepare(connection: Any, _record: Any) -> None:
    from psycopg.adapt import Loader

    class Number(Loader):
        """Sums of whole numbers are ``numeric``; as ``int``, and ``float`` where they are not whole."""

        def load(self, data: Any) -> int | float:
            said = bytes(data)
            return int(said) if said.lstrip(b"-").isdigit() else float(said)

    connection.adapters.register_loader("numeric", Number)


def _clean(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
) -> tuple[str, Any]:
    # Rows are clean already; this is for what people ask for.
    return statement, [_texts(row) for row in parameters] if many else _texts(parameters)


def _texts(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: text(value) if isinstance(value, str) else value for name, value in values.items()}
    return tuple(text(value) if isinstance(value, str) else value for value in values)


def used_bytes(connection: Connection) -> int:
    """Bytes of all rows, as they are stored, with what an index takes for each; free space is not counted."""
    stored = {"contents": "data", "streams": "data", SEARCH: "words"}
    sums = [
        f"SELECT coalesce(sum(pg_column_size({column})), 0) FROM {name}" for name, column in stored.items()
    ]
    counts = [f"SELECT {_ROW_BYTES} * count(*) FROM {name}" for name in (*metadata.tables, SEARCH)]
    whole = " + ".join(f"({query})" for query in (*sums, *counts))
    return int(connection.exec_driver_sql(f"SELECT {whole}").scalar_one())


def vacuum(engine: Engine) -> None:
    """Make room for new rows where rows were deleted, now and not when the server would by itself."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in (*metadata.tables, SEARCH):
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {name}")


def is_our_mistake(error: Exception) -> bool:
    """Whether an error is about what was asked for, and comes again however often it is tried."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return bool(state) and str(state)[:2] in _MISTAKES


def in_a_line(said: str) -> str:
    """The first line of an error that says something: a driver's own may only say that one follows."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if not line.endswith(":")]
    return (told or lines or [""])[0]
