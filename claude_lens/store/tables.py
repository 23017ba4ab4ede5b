"""What all tables share, and the tables of what was imported; the others are in :mod:`schema`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, SmallInteger, Table

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives a primary key without a second index only to the very type INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")
Count = BigInteger().with_variant(Integer, "sqlite")


answers = Table(
    "answers",
    metadata,
    Column("mark", BigInteger, primary_key=True, autoincrement=False),
    Column("exchange", Key, nullable=False),
    sqlite_with_rowid=False,
)
"""Which answers the store has, or had before they were pruned, by what the API and the client call them.

``mark``: see ``answers.py``; ``exchange`` is the row that it was, there or not. Kept up when it is needed:
before an import, and for what is pruned; ``answers_upto`` in ``meta`` is the last row that was looked at.
"""

transcripts = Table(
    "transcripts",
    metadata,
    Column("file", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("reader", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Transcripts that were read without a fault: the digest of a file's path, its bytes and time (in ns) then,
how many answers it had, and which version of the importer read it."""
