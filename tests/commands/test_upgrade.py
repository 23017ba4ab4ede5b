from __future__ import annotations

import json
import sqlite3

from claude_lens.store.schema import HEAD
from tests.commands.filled import fill
from tests.harness.lens import Lens


def as_before(user: Lens, done: int) -> None:
    """Make the database one of the version before, with more contents than are looked through at once."""
    file = user.settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        for name in ("identities", "aliases"):
            connection.execute(f"DELETE FROM {name}")
        connection.execute("INSERT INTO meta VALUES ('identifying', ?)", (f"{done}/{done + 30}",))


def test_it_goes_on_where_it_was_left(lens: Lens) -> None:
    fill(lens)
    as_before(lens, 2)
    first = lens.lensctl("upgrade")
    assert first.returncode == 0, first.stderr
    assert (
        first.stdout == f"the database is brought over, with schema {HEAD}; 30 contents were looked through, "
        "0 put into the search index\n"
    )
    lines = first.stderr.splitlines()
    assert lines[0] == "looking for messages in other forms: 0%"
    assert lines[-1] == "looking for messages in other forms: 100%"
    assert lens.lensctl("upgrade").stdout == f"nothing to do: the database has schema {HEAD}, the newest\n"


def test_what_is_not_indexed_yet_is_said(lens: Lens) -> None:
    fill(lens)
    file = lens.settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        (top,) = connection.execute("SELECT max(id) FROM contents").fetchone()
        connection.execute("INSERT INTO meta VALUES ('indexing', ?)", (f"{top}/{top}",))
        connection.execute("INSERT INTO search(search) VALUES ('delete-all')")
    before = lens.lensctl("search", "answer")
    assert before.stderr.splitlines()[0] == (
        "the oldest 100 % of the messages are not found yet: the search index is being made anew after an "
        "upgrade; lensctl upgrade does it at once"
    )
    done = json.loads(lens.lensctl("upgrade", "--json").stdout)
    assert done["indexed"] > 0
    after = lens.lensctl("search", "answer")
    assert ("answer" in after.stdout, "not found yet" in after.stderr) == (True, False)


def test_json(lens: Lens) -> None:
    fill(lens)
    told = json.loads(lens.lensctl("upgrade", "--json").stdout)
    assert told == {"before": HEAD, "schema": HEAD, "contents": 0, "indexed": 0}


def test_without_a_database(lens: Lens) -> None:
    refused = lens.lensctl("upgrade")
    assert refused.returncode == 1
    assert "there is no database yet" in refused.stderr


def test_one_of_a_newer_version_is_left_alone(lens: Lens) -> None:
    fill(lens)
    file = lens.settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE schema_version SET version_num = '9001'")
    refused = lens.lensctl("upgrade")
    assert refused.returncode == 1
    assert "made by a newer claude-lens" in refused.stderr
