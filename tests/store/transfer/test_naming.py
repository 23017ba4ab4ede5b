from __future__ import annotations

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.naming import Titles, name_sessions
from tests.store.conftest import Make, body_of, message_of


def told(*lines: dict[str, str]) -> dict[str, tuple[int, str]]:
    titles = Titles()
    for line in lines:
        titles.see(line, {"leaf": "s1"})
    return titles.by_session


def custom(title: str) -> dict[str, str]:
    return {"type": "custom-title", "customTitle": title, "sessionId": "s1"}


def ai(title: str) -> dict[str, str]:
    return {"type": "ai-title", "aiTitle": title, "sessionId": "s1"}


def test_the_strongest_title_wins_and_then_the_last() -> None:
    summary = {"type": "summary", "summary": "About  files", "leafUuid": "leaf"}
    assert told(summary) == {"s1": (0, "About files")}
    assert told(ai("one"), ai("two"), summary) == {"s1": (1, "two")}
    assert told(custom("mine"), ai("theirs")) == {"s1": (2, "mine")}


def test_no_titles() -> None:
    elsewhere = {"type": "summary", "summary": "Of another file", "leafUuid": "unknown"}
    assert told(elsewhere, custom(" "), {"type": "user", "customTitle": "x", "sessionId": "s1"}, {}) == {}


def test_names_in_the_store(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("hello there"), message_of(0), session="s1"))
    sink.flush()

    def title() -> str | None:
        return reader.sessions()[0]["title"]

    assert title() == "hello there"
    name_sessions(url, {**told(ai("From a model")), "nobody": (1, "x")})
    assert title() == "From a model"
    name_sessions(url, told(ai("Another")))
    assert title() == "From a model"
    name_sessions(url, told(custom("My own")))
    assert title() == "My own"
    assert len(reader.sessions()) == 1
