"""Two that find an older database at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from claude_lens.errors import StoreError
from claude_lens.store import database
from claude_lens.store.maintenance import rebuild as making_anew
from claude_lens.store.schema import HEAD, VERSION_TABLE
from tests.store.conftest import ask, change
from tests.store.migrations.versions.conftest import Older


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """``meanwhile(act)``: ``act`` happens after a writer has read the version and before it has the lock."""

    def arrange(act: Callable[[], None]) -> None:
        look = database.version

        def looked(connection: Connection) -> str | None:
            found = look(connection)
            monkeypatch.setattr(database, "version", look)
            act()
            return found

        monkeypatch.setattr(database, "version", looked)

    return arrange


def test_only_one_makes_anew_what_follows_from_the_records(
    older: Callable[[str], Older],
    recorded: Path,
    meanwhile: Callable[[Callable[[], None]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = older("0001")
    one.fill(recorded)
    made: list[bool] = []
    rebuild = making_anew.rebuild

    def counted(connection: Connection) -> None:
        made.append(True)
        rebuild(connection)

    monkeypatch.setattr(making_anew, "rebuild", counted)
    meanwhile(lambda: database.open_writer(database.parse(one.url)).dispose())

    database.open_writer(database.parse(one.url)).dispose()

    assert made == [True]
    assert ask(one.url, f"SELECT version_num FROM {VERSION_TABLE}") == [(HEAD,)]


def test_a_newer_one_that_comes_first_is_refused(
    older: Callable[[str], Older], meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    one = older("0001")

    def migrate_further() -> None:
        database.open_writer(database.parse(one.url)).dispose()
        change(one.url, f"UPDATE {VERSION_TABLE} SET version_num = '9001'")

    meanwhile(migrate_further)
    with pytest.raises(StoreError, match="schema 9001, made by a newer claude-lens"):
        database.open_writer(database.parse(one.url))
