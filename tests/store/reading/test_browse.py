"""Choosing among sessions."""

from __future__ import annotations

from datetime import UTC
from typing import Any, get_args

import pytest

from claude_lens.errors import UserError
from claude_lens.exchange import Agent, Cost, Usage
from claude_lens.store.reading import browse, mentions
from claude_lens.store.reading.browse import Choice
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from tests.store.conftest import Make, body_of, message_of

DAY = 86_400.0


@pytest.fixture
def kept(make: Make, sink: StoreSink) -> None:
    """Three sessions on three days."""
    for number, (title, project, usd, tokens, count) in enumerate(
        [
            ("Fix_the 100% bug", "/p/shop", 3.0, 10, 1),
            ("Write docs", "/p/docs", 1.0, 90, 3),
            ("Tidy", "/p/shop", 2.0, 50, 2),
        ]
    ):
        for part in range(count):
            one = make(
                body_of(title),
                message_of(0),
                session=f"s{number}",
                project=project,
                at=number * DAY + part * 10 * (3 - number),
                cost=Cost(usd=usd / count),
                usage=Usage(input_tokens=tokens),
                duration_ms=1000.0,
            )
            sink.ended(one)
    sink.flush()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({}, ["s2", "s1", "s0"]),
        ({"words": "DOCS"}, ["s1"]),
        ({"words": "fix bug"}, ["s0"]),
        ({"words": "fix nothing"}, []),
        ({"words": "100%"}, ["s0"]),
        ({"words": "x_t"}, ["s0"]),
        ({"words": "s1"}, ["s1"]),
        ({"project": "/p/shop"}, ["s2", "s0"]),
        ({"since": DAY}, ["s2", "s1"]),
        ({"until": DAY}, ["s0"]),
        ({"order": "cost"}, ["s0", "s2", "s1"]),
        ({"order": "tokens"}, ["s1", "s2", "s0"]),
        ({"order": "exchanges"}, ["s1", "s2", "s0"]),
        ({"order": "duration"}, ["s1", "s2", "s0"]),
    ],
)
def test_choices_and_orders(reader: Reader, choice: dict[str, Any], found: list[str]) -> None:
    with reader.connect() as connection:
        assert browse.find(connection, Choice(**choice), 9).ids == found


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("order", get_args(browse.Order))
def test_pages_follow_each_other_in_every_order(reader: Reader, order: browse.Order) -> None:
    with reader.connect() as connection:
        whole = browse.find(connection, Choice(order=order), 9)
        assert whole.next is None
        seen: list[str] = []
        after = None
        for _ in range(3):
            found = browse.find(connection, Choice(order=order), 1, after)
            seen, after = seen + found.ids, found.next
        assert after is None
        assert seen == whole.ids


@pytest.mark.usefixtures("kept")
def test_a_cursor_of_another_order_is_told(reader: Reader) -> None:
    with reader.connect() as connection:
        after = browse.find(connection, Choice(), 1).next
        for order, cursor in (("cost", after), ("newest", "nonsense"), ("newest", "W10")):
            with pytest.raises(UserError, match="is no place in sessions"):
                browse.find(connection, Choice(order=order), 1, cursor)  # type: ignore[arg-type]
    assert [one["id"] for one in reader.sessions_of(["s1", "nobody", "s0"])] == ["s1", "s0"]


@pytest.fixture
def told(make: Make, sink: StoreSink) -> None:
    """Ten sessions, each dearer and newer than the one before; every other one says "walrus"."""
    for number in range(10):
        said = "the walrus sleeps" if number % 2 else "the penguin sleeps"
        one = make(
            body_of(f"prompt {number}", said),
            message_of(0),
            session=f"t{number}",
            project="/p/walrus" if number == 4 else "/p/zoo",
            at=number * DAY,
            cost=Cost(usd=1.0 + number),
        )
        sink.ended(one)
    sink.flush()


def all_pages(reader: Reader, choice: Choice) -> tuple[list[str], dict[str, mentions.Mention]]:
    """The ids of all pages, two to a page at most, and what they say."""
    seen: list[str] = []
    told: dict[str, mentions.Mention] = {}
    after = None
    with reader.connect() as connection:
        while True:
            found = browse.find(connection, choice, 2, after)
            seen, told, after = seen + found.ids, told | found.mentions, found.next
            if after is None:
                return seen, told


@pytest.mark.sqlite
@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("walrus", "975431"),
        ("WALRUS sleeps", "97531"),
        ("walr*", "975431"),
        ("zoo prompt", "987653210"),
        ("penguin prompt", ""),
        ('"quoted', ""),
        ("project:zoo", ""),
        ("%", ""),
    ],
)
@pytest.mark.parametrize(("rare", "seconds"), [(mentions.RARE, 60.0), (1, 60.0), (1, -1.0)])
def test_what_was_said_is_found_in_every_order(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, words: str, found: str, rare: int, seconds: float
) -> None:
    monkeypatch.setattr(mentions, "RARE", rare)
    monkeypatch.setattr(mentions, "SECONDS", seconds)
    expected = [f"t{number}" for number in found]
    for order in get_args(browse.Order):
        seen, told = all_pages(reader, Choice(words=words, order=order))
        assert sorted(seen, reverse=True) == expected
        if order in ("newest", "cost"):
            assert seen == expected
        if words == "walrus":
            assert set(told) == set(expected) - {"t4"}
            one = told["t9"]
            assert [one.snippet[a:b] for a, b in one.marks] == ["walrus"]
            assert one.part == "prompt"
            assert reader.summary(one.exchange_id)["session_id"] == "t9"


@pytest.mark.usefixtures("kept")
def test_projects_days_and_tools(reader: Reader) -> None:
    with reader.connect() as connection:
        assert browse.projects(connection) == ["/p/shop", "/p/docs"]
        assert browse.per_day(connection, 0.0, UTC) == {"1970-01-01": 1, "1970-01-02": 1, "1970-01-03": 1}
        assert browse.per_day(connection, DAY, UTC) == {"1970-01-02": 1, "1970-01-03": 1}
        assert browse.tools(connection, ["s0", "s1", "nobody"]) == {"s0": 1, "s1": 3}


@pytest.mark.usefixtures("kept")
def test_sessions_with_a_tag(url: str, reader: Reader) -> None:
    for session, names in (("s0", ["Bug", "to do"]), ("s1", ["bug"]), ("s2", ["later"])):
        tagging.change(url, session, add=names)
    with reader.connect() as connection:
        for choice, found in (
            (Choice(tag="BUG"), ["s1", "s0"]),
            (Choice(tag="bug", project="/p/shop", order="cost"), ["s0"]),
            (Choice(tag="bug", words="docs"), ["s1"]),
            (Choice(tag="to"), []),
        ):
            assert browse.find(connection, choice, 9).ids == found
        assert browse.tag_names(connection) == ["later", "Bug", "to do"]
        assert browse.tag_names(connection, 1) == ["later"]


def test_turns_are_the_main_conversations_own(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.ended(make(body_of("b"), message_of(1), request_class=None))
    for beside in (
        make(body_of("c"), message_of(2), request_class="auxiliary"),
        make(body_of("d"), message_of(3), request_class="compaction"),
        make(body_of("e"), {"input_tokens": 5}, endpoint="/v1/messages/count_tokens"),
        make(body_of("f"), message_of(4), agent=Agent(id="a1", type="Explore"), request_class="subagent"),
        make(body_of("g"), message_of(5), session="other"),
    ):
        sink.ended(beside)
    sink.flush()
    with reader.connect() as connection:
        assert browse.turns(connection, ["11111111-aaaa", "nobody"]) == {"11111111-aaaa": 2}
