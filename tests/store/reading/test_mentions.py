"""In which sessions words were said."""

from __future__ import annotations

import pytest

from claude_lens.store.reading import mentions as looking
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


@pytest.mark.parametrize("rare", [0, looking.RARE], ids=["often", "seldom"])
def test_words_that_follow_each_other_in_very_long_messages(
    make: Make, sink: StoreSink, reader: Reader, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    """Longer than PostgreSQL's index keeps the places of: what it may not know, the texts tell."""
    monkeypatch.setattr(looking, "RARE", rare)
    filler = " ".join(f"w{number % 97}" for number in range(20_000))
    for session, *prompts in (
        ("apart", f"{filler} walrus and penguin", f"{filler} penguin walrus"),
        ("together", f"{filler} walrus.penguin", f"{filler} penguin, walrus"),
        ("short", "walrus.penguin", f"{filler} penguin; walrus"),
        ("newest", "short walrus.penguin", f"{filler} walrus-penguin"),
        ("neither", filler),
    ):
        sink.ended(make(body_of(*prompts), message_of(7), session=session))
    sink.flush()

    def said(text: str) -> dict[int, int | None]:
        with reader.connect() as connection:
            found = mentions(connection, text)
            assert found is not None
            return {session: found.content(session) for session in range(1, 6)}

    phrase, words = said("walrus.penguin"), said("walrus penguin")
    assert [session for session, content in phrase.items() if content is not None] == [2, 3, 4]
    assert [session for session, content in words.items() if content is not None] == [1, 2, 3, 4]
    # The newest message that has them side by side, though a newer one has both.
    assert phrase[2] != words[2]
    assert phrase[3] != words[3]
    assert phrase[4] == words[4]
