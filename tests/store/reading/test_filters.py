from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from claude_lens.errors import UserError
from claude_lens.exchange import Agent, Cost, Model
from claude_lens.store.reading.filters import Filter, Sort, page
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

EXPLORE = Agent(id="a1", type="Explore", evidence="headers")
NAMED = Agent(id="a2", type="custom", name="reviewer", evidence="file")


@pytest.fixture
def filled(sink: StoreSink, reader: Reader, make: Make) -> Reader:
    routed = Model(requested="claude-opus-5-5", routed="gpt-5", provider="openai")
    quiet = {"role": "assistant", "content": [{"type": "text", "text": "x"}]}
    sink.ended(make(body_of("a"), message_of(0), at=1.0, cost=Cost(usd=1.0)))
    sink.ended(make(body_of("b"), quiet, at=2.0, agent=EXPLORE, model=routed, cost=Cost(usd=3.0)))
    sink.ended(make(body_of("c"), message_of(0), at=3.0, agent=NAMED, session="other", duration_ms=5000.0))
    failed = make(body_of("d"), {"error": {}}, at=4.0, status="error", cost=Cost(), project="/srv/web")
    sink.ended(failed)
    sink.ended(make(body_of("e"), quiet, at=5.0, request_class="auxiliary", cost=Cost(usd=2.0)))
    sink.flush()
    return reader


def times(reader: Reader, sort: Sort = "newest", **wanted: Any) -> list[int]:
    with reader.connect() as connection:
        found = page(connection, Filter(**wanted), sort=sort)
    return [int(one["started_at"][17:19]) for one in found.exchanges]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"session": "other"}, [3]),
        ({"session": "oth"}, []),
        ({"agent": "main"}, [5, 4, 1]),
        ({"agent": "Explore"}, [2]),
        ({"agent": "reviewer"}, [3]),
        ({"agent": "a2"}, [3]),
        ({"request_class": "auxiliary"}, [5]),
        ({"model": "gpt-5"}, [2]),
        ({"model": "claude-opus-5-5"}, [5, 4, 3, 2, 1]),
        ({"routed": "claude-opus-5-5"}, [5, 4, 3, 1]),
        ({"requested": "claude-opus-5-5"}, [5, 4, 3, 2, 1]),
        ({"provider": "openai"}, [2]),
        ({"status": "error"}, [4]),
        ({"status": "ok"}, [5, 3, 2, 1]),
        ({"since": 2.0, "until": 4.0}, [3, 2]),
        ({"min_cost": 2.0}, [5, 2]),
        ({"min_duration_ms": 1000.0}, [3]),
        ({"project": "/srv/web"}, [4]),
        ({"branch": "main", "agent": "Explore"}, [2]),
        ({"tool": "Bash"}, [3, 1]),
        ({"tool": "Read"}, []),
    ],
    ids=str,
)
def test_what_is_chosen(filled: Reader, wanted: dict[str, Any], expected: list[int]) -> None:
    assert times(filled, **wanted) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("oldest", [1, 2, 3, 4, 5]), ("cost", [2, 5, 1, 3]), ("duration", [3, 5, 4, 2, 1])],
)
def test_orders(filled: Reader, sort: Sort, expected: list[int]) -> None:
    assert times(filled, sort) == expected


@pytest.mark.parametrize("sort", ["newest", "oldest", "cost", "duration"])
def test_pages_neither_skip_nor_repeat(filled: Reader, sort: Sort) -> None:
    seen: list[str] = []
    cursor = None
    with filled.connect() as connection:
        everything = [one["id"] for one in page(connection, Filter(), sort=sort).exchanges]
        while True:
            found = page(connection, Filter(), sort=sort, limit=2, after=cursor)
            seen += [one["id"] for one in found.exchanges]
            cursor = found.next
            if cursor is None:
                break
    assert seen == everything


def test_a_cursor_of_another_order_is_refused(filled: Reader) -> None:
    with filled.connect() as connection:
        cursor = page(connection, Filter(), sort="cost", limit=1).next
        for bad in (cursor, "nonsense", "é"):
            with pytest.raises(UserError, match="no place"):
                page(connection, Filter(), after=bad)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "wanted",
    [{}, {"agent": "Explore"}, {"model": "gpt-5"}, {"status": "error"}, {"project": "/srv/web"}],
    ids=str,
)
def test_an_index_gives_the_order(filled: Reader, wanted: dict[str, Any]) -> None:
    seen: list[tuple[str, Any]] = []
    with filled.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *args: seen.append((args[2], args[3])))
        page(connection, Filter(**wanted))
        statement, parameters = seen[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    assert not [step for step in plan if "TEMP B-TREE" in step[3] and "LAST TERM" not in step[3]], plan
