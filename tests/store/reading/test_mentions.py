"""In which sessions words were said."""

from __future__ import annotations

import pytest

from claude_lens.store.reading.mentions import mentions
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


@pytest.mark.parametrize("text", ["", " ", "%", '"', "- *"])
def test_no_word_asks_for_nothing(make: Make, sink: StoreSink, reader: Reader, text: str) -> None:
    sink.ended(make(body_of("a prompt"), message_of(0)))
    sink.flush()
    with reader.connect() as connection:
        assert mentions(connection, text) is None


@pytest.mark.sqlite
def test_a_database_that_is_not_there_yet_says_nothing(reader: Reader) -> None:
    with reader.connect() as connection:
        assert mentions(connection, "word") is None


def test_the_best_place_is_shown(make: Make, sink: StoreSink, reader: Reader) -> None:
    both = "x " * 300 + "<b>walrus</b> and PÉNGUIN" + " y" * 300
    sink.ended(make(body_of("a walrus alone", both), message_of(0)))
    sink.flush()
    with reader.connect() as connection:
        found = mentions(connection, "penguin walrus")
        assert found is not None
        content = found.content(1)
        assert content is not None
        (one,) = found.told([(1, content)]).values()
        assert found.told([(1, -1)]) == {}
        assert found.content(99) is None
    assert [one.snippet[a:b] for a, b in one.marks] == ["walrus", "PÉNGUIN"]
    assert one.snippet.startswith("\u2026x x x")
    assert len(one.snippet) <= 120
