"""Databases of older versions, with what ours would have written into them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from claude_lens.store import database, schema
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from tests.store.conftest import Make, body_of, message_of

Rows = dict[str, list[dict[str, Any]]]
SESSION = "11111111-aaaa"


def rows_of(file: Path) -> Rows:
    """Every row of every table but the search index's own and the version's."""
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
    ]
    wanted = [name for name in names if not name.startswith((schema.SEARCH, schema.VERSION_TABLE, "sqlite"))]
    found = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in wanted}
    connection.close()
    return found


class Older:
    """A database at some version: ``upgrade`` goes on from there, ``rows`` reads it."""

    def __init__(self, file: Path, revision: str) -> None:
        self.file = file
        self.url = f"sqlite:///{file}"
        self.upgrade(revision)

    def upgrade(self, revision: str) -> None:
        """Run the migrations up to ``revision``, and nothing else."""
        config = Config()
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        engine = create_engine(self.url)
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        engine.dispose()

    def rows(self) -> Rows:
        """Every row."""
        return rows_of(self.file)

    def fill(self, source: Path) -> Rows:
        """Put in what of ``source`` this version has room for; all rows as they are then."""
        given = rows_of(source)
        connection = sqlite3.connect(self.file)
        for name, there in self.rows().items():
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            places = ", ".join("?" * len(columns))
            for row in given.get(name, []):
                if {column: row[column] for column in columns} not in there:
                    values = [row[column] for column in columns]
                    connection.execute(f"INSERT OR REPLACE INTO {name} VALUES ({places})", values)
        connection.commit()
        connection.close()
        return self.rows()


@pytest.fixture
def recorded(tmp_path: Path, make: Make) -> Path:
    """A database of today: a session of three turns, one of another, a tag, something still running."""
    file = tmp_path / "source" / "lens.db"
    sink = StoreSink(f"sqlite:///{file}")
    for turn in range(1, 4):
        sink.ended(make(body_of(*["apple"] * turn), message_of(turn - 1)))
    sink.ended(make(body_of("avocado"), message_of(0), session="other"))
    sink.arrived(make(body_of("almond")))
    sink.flush()
    tagging.change(sink.writer.url.render_as_string(), SESSION, add=["Kept"])
    sink.writer.close()
    return file


@pytest.fixture
def older(tmp_path: Path) -> Callable[[str], Older]:
    """``older("0001")``: an empty database of that version."""
    return lambda revision: Older(tmp_path / "older.db", revision)
