"""``INSERT … ON CONFLICT``, in the words of the database at hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table


def insert_into(connection: Connection, table: Table) -> Any:
    """The database's own ``insert`` of ``table``.

    Imported here: PostgreSQL's dialect takes longer than many a command, and most have SQLite.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
