from __future__ import annotations

import pytest

from claude_lens.store import database
from claude_lens.store.maintenance import identify, reindex, upgrading
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of
from tests.store.earlier import take_back


def test_all_steps_one_after_the_other(
    url: str, make: Make, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = StoreSink(url)
    for turn in range(1, 4):
        sink.ended(make(body_of(*["apple"] * turn), message_of(turn - 1)))
    sink.close()
    take_back(url, "0004")
    monkeypatch.setattr(identify, "FEW", 0)
    monkeypatch.setattr(reindex, "FEW", 0)
    engine = database.open_writer(database.parse(url))
    with engine.connect() as connection:
        assert upgrading.is_left(connection)
    engine.dispose()
    steps: list[str] = []

    done = upgrading.bring_over(url, lambda what, share: steps.append(what))

    assert done.looked_through > 0
    assert done.indexed > 0
    assert list(dict.fromkeys(steps)) == ["looking for messages in other forms", "making the search index"]
    assert verify(reader).sound
    with reader.connect() as connection:
        assert not upgrading.is_left(connection)
        assert len(search(connection, parse("apple"))) == 2


def test_as_a_program(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CLAUDE_LENS_DATABASE_URL", url)
    assert upgrading.main() == 0
    monkeypatch.setenv("CLAUDE_LENS_DATABASE_URL", "sqlite:////dev/null/all.db")
    assert upgrading.main() == 1
    assert "claude-lens: /dev/null/all.db" in capsys.readouterr().err
