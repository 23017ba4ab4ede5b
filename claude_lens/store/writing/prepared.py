"""Statements that are executed for each batch, compiled once: what is left of each is the driver's own work.

Values go to the driver as they are. None of our columns needs more, on SQLite or PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from claude_lens.store.upsert import insert_into

Make = Callable[[Any, tuple[str, ...]], Any]
"""Builds a statement from the ``insert`` of the database's kind, which knows of conflicts, and the names."""

MOST: Final = 900
"""So many values can be asked about at once: old builds of SQLite take 999 parameters."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The text, its parameters in order (None where they go by name), and those that are always the same."""

    text: str
    order: tuple[str, ...] | None
    fixed: Mapping[str, Any]

    def parameters(self, row: Mapping[str, Any]) -> Any:
        values = {**self.fixed, **row} if self.fixed else row
        return dict(values) if self.order is None else tuple([values[name] for name in self.order])


class Prepared:
    """A statement for rows of named values, made anew for other names."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it for each row; nothing without rows. All have the same names."""
        if rows:
            compiled = self._for(connection, tuple(rows[0]))
            connection.exec_driver_sql(compiled.text, [compiled.parameters(row) for row in rows])

    def ask(self, connection: Connection, **values: Any) -> Any:
        """The rows that it answers, a result of SQLAlchemy."""
        compiled = self._for(connection, tuple(values))
        return connection.exec_driver_sql(compiled.text, compiled.parameters(values) or None)

    def among(self, connection: Connection, values: Sequence[Any]) -> Any:
        """The rows that it answers about at most :data:`MOST` values, each under a name."""
        count = min(1 << (len(values) - 1).bit_length(), MOST)
        padded = [*values, *[values[-1]] * (count - len(values))]
        return self.ask(connection, **{f"v{index}": value for index, value in enumerate(padded)})

    def _for(self, connection: Connection, names: tuple[str, ...]) -> _Compiled:
        place = connection.dialect.name, names
        found = self._compiled.get(place)
        if found is None:
            found = self._compiled[place] = self._compile(connection, names)
        return found

    def _compile(self, connection: Connection, names: tuple[str, ...]) -> _Compiled:
        statement = self._make(partial(insert_into, connection), names)
        made: Any = statement.compile(dialect=connection.dialect, column_keys=list(names))
        fixed = {name: value for name, value in made.params.items() if name not in names}
        return _Compiled(str(made), tuple(made.positiontup) if made.positional else None, fixed)
