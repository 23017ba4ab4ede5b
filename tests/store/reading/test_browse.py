"""Choosing among sessions."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from claude_lens.exchange import Cost, Usage
from claude_lens.store.reading import browse
from claude_lens.store.reading.browse import Choice
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
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
        assert browse.find(connection, Choice(**choice), 9) == found


@pytest.mark.usefixtures("kept")
def test_pages(reader: Reader) -> None:
    with reader.connect() as connection:
        assert browse.find(connection, Choice(), 2) == ["s2", "s1"]
        assert browse.find(connection, Choice(), 2, "s1") == ["s0"]
        assert browse.find(connection, Choice(), 2, "nobody") == ["s2", "s1"]
    assert [one["id"] for one in reader.sessions_of(["s1", "nobody", "s0"])] == ["s1", "s0"]


@pytest.mark.usefixtures("kept")
def test_projects_days_and_tools(reader: Reader) -> None:
    with reader.connect() as connection:
        assert browse.projects(connection) == ["/p/shop", "/p/docs"]
        assert browse.per_day(connection, 0.0, UTC) == {"1970-01-01": 1, "1970-01-02": 1, "1970-01-03": 1}
        assert browse.per_day(connection, DAY, UTC) == {"1970-01-02": 1, "1970-01-03": 1}
        assert browse.tools(connection, ["s0"]) == {}
