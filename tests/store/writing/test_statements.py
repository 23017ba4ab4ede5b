"""The statements of a batch name columns that there are, whatever a row has of them."""

from __future__ import annotations

import pytest

from claude_lens.store import database
from claude_lens.store.schema import exchanges, sessions
from claude_lens.store.writing import statements


def test_a_session_keeps_the_best_title_and_its_first_moment(url: str) -> None:
    engine = database.open_writer(database.parse(url))
    change = {"key": 1, "new_project": "/p", "new_branch": None}
    with engine.begin() as connection:
        first = {"id": 1, "session_id": "s", "title_rank": 0, "started_at": 5.0, "last_at": 5.0}
        statements.INSERTS[sessions].run(connection, [first])
        statements.TOUCH_SESSION.run(
            connection,
            [
                {**change, "first": 3.0, "last": 9.0, "rank": 2, "new_title": "good"},
                {**change, "first": 4.0, "last": 8.0, "rank": 1, "new_title": "worse"},
            ],
        )
        row = connection.execute(sessions.select()).mappings().one()
        assert statements.SESSION.ask(connection, name="s").one().title_rank == 2
        assert statements.SESSION.ask(connection, name="t").one_or_none() is None
    engine.dispose()
    assert (row["title"], row["started_at"], row["last_at"], row["project"]) == ("good", 3.0, 9.0, "/p")


@pytest.mark.parametrize("changed", [{"status": "ok"}, {"status": "error", "error": "it broke"}])
def test_an_exchange_changes_in_the_columns_that_are_named(url: str, changed: dict[str, str]) -> None:
    engine = database.open_writer(database.parse(url))
    session = {"id": 1, "session_id": "s", "title_rank": 0, "started_at": 5.0, "last_at": 5.0}
    told = {"exchange_id": "e", "worker": "w", "endpoint": "/", "lane": "transparent", "started_at": 5.0}
    with engine.begin() as connection:
        statements.INSERTS[sessions].run(connection, [session])
        running = {"id": 7, "session": 1, "status": "running", **told}
        statements.INSERTS[exchanges].run(connection, [running])
        statements.UPDATE_EXCHANGE.run(connection, [{"_key": 7, **changed}])
        row = connection.execute(exchanges.select()).mappings().one()
        assert statements.EXCHANGE.ask(connection, name="e").one().status == changed["status"]
    engine.dispose()
    assert {name: row[name] for name in running} == running | {"status": changed["status"]}
    assert row["error"] == changed.get("error")
