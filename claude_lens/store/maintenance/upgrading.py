"""What is left to do after the tables of an earlier version were changed, all of it, step by step.

Each step notes how far it came: it may be stopped, or killed, at any moment and goes on from there.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from claude_lens import settings as setting_table
from claude_lens.errors import LensError
from claude_lens.store import database
from claude_lens.store.maintenance import identify, reindex
from claude_lens.store.maintenance.upkeep import Progress, opened, quiet


class Done(NamedTuple):
    """How many contents were looked through for other forms, and how many put into the search index."""

    looked_through: int
    indexed: int


def is_left(connection: Connection) -> bool:
    """Whether there is anything left to do."""
    return bool(identify.left(connection)) or reindex.is_left(connection)


def bring_few_over(engine: Engine) -> None:
    """Do those steps that are done in a moment, with a writer's engine."""
    with engine.connect() as connection:
        connection = connection.execution_options(**{database.READS: True})
        few = identify.few(connection), reindex.few(connection)
    if few[0]:
        identify.identify_on(engine)
    if few[1]:
        reindex.reindex_on(engine)


def bring_over(url: str, progress: Progress = quiet) -> Done:
    """Do what is left. Raises :class:`StoreError`."""
    with opened(database.parse(url)) as engine:
        return bring_over_on(engine, progress)


def bring_over_on(engine: Engine, progress: Progress = quiet) -> Done:
    """The same, with a writer's engine."""
    return Done(identify.identify_on(engine, progress), reindex.reindex_on(engine, progress))


def main() -> int:
    """What the recorder starts where something is left."""
    try:
        bring_over(setting_table.load().database_url)
    except LensError as error:
        print(f"claude-lens: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
