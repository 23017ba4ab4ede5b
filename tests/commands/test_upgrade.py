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
        first.stdout == f"the database is brought over, with schema {HEAD}; 30 contents were looked through\n"
    )
    lines = first.stderr.splitlines()
    assert lines[0] == "looking for messages in other forms: 0%"
    assert lines[-1] == "looking for messages in other forms: 100%"
    assert lens.lensctl("upgrade").stdout == f"nothing to do: the database has schema {HEAD}, the newest\n"


def test_json(lens: Lens) -> None:
    fill(lens)
    told = json.loads(lens.lensctl("upgrade", "--json").stdout)
    assert told == {"before": HEAD, "schema": HEAD, "contents": 0}


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
