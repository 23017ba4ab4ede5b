from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from claude_lens.errors import UserError
from claude_lens.exchange import Agent, Cost, Model, Usage
from claude_lens.store.numbers.stats import Numbers, Stats, stats
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

DAY = 86400
NOON = 20_000 * DAY + DAY // 2
USAGE = Usage(
    input_tokens=10,
    output_tokens=101,
    cache_read_input_tokens=70,
    cache_creation_input_tokens=20,
    cache_creation_5m_input_tokens=15,
    cache_creation_1h_input_tokens=5,
)


@pytest.fixture
def filled(sink: StoreSink, reader: Reader, make: Make) -> Reader:
    explore = Agent(id="a1", type="Explore", evidence="headers")
    openai = Model(requested="claude-opus-5-5", routed="gpt-5", provider="openai")
    common: dict[str, Any] = {"usage": USAGE, "ttft_ms": 500.0, "duration_ms": 1500.0}
    paid = Cost(usd=0.5, requested_usd=2.0)
    sink.ended(make(body_of("a"), message_of(0), at=NOON, cost=paid, **common))
    sink.ended(
        make(body_of("b"), message_of(0), at=NOON + 60, agent=explore, model=openai, cost=paid, **common)
    )
    sink.ended(make(body_of("c"), message_of(0), at=NOON + DAY, cost=Cost(), session="two", **common))
    gone = make(body_of("d"), {"error": {}}, at=NOON + DAY, status="error", cost=Cost(usd=0.0), usage=None)
    sink.ended(gone)
    sink.arrived(make(body_of("e"), at=NOON))
    sink.flush()
    return reader


def ask(reader: Reader, by: str | None = None, tz: str = "UTC", **wanted: Any) -> Stats:
    with reader.connect() as connection:
        return stats(connection, Filter(**wanted), by=by, tz=ZoneInfo(tz))


def keys(found: Stats) -> dict[str | None, int]:
    return {one["key"]: one["requests"] for one in found["groups"]}


def test_everything_together(filled: Reader) -> None:
    total = ask(filled)["total"]
    assert (total["requests"], total["errors"], total["unpriced"]) == (4, 1, 1)
    assert (total["cost_usd"], total["saved_usd"]) == (1.0, 3.0)
    assert (total["input_tokens"], total["output_tokens"], total["cache_read_input_tokens"]) == (30, 303, 210)
    assert (total["cache_creation_5m_input_tokens"], total["cache_creation_1h_input_tokens"]) == (45, 15)
    assert total["cache_share"] == pytest.approx(0.7)
    assert total["ttft_ms_p50"] == pytest.approx(500, rel=0.022)
    assert total["speed_p95"] == pytest.approx(100, rel=0.022)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("day", {"2024-10-04": 2, "2024-10-05": 2}),
        ("hour", {"2024-10-04T12:00+0000": 2, "2024-10-05T12:00+0000": 2}),
        ("model", {"claude-opus-5-5": 3, "gpt-5": 1}),
        ("provider", {"anthropic": 3, "openai": 1}),
        ("project", {"/home/me/app": 4}),
        ("branch", {"main": 4}),
        ("session", {"11111111-aaaa": 3, "two": 1}),
        ("agent", {"main": 3, "Explore": 1}),
        ("class", {"main": 4}),
        ("tool", {"Bash": 3}),
    ],
)
def test_groups(filled: Reader, by: str, expected: dict[str, int]) -> None:
    assert keys(ask(filled, by)) == expected
    assert keys(ask(filled, by, session="two")) == {
        key: 1 for key in expected if key in keys(ask(filled, by, session="two"))
    }


def test_days_are_those_of_the_time_zone(filled: Reader) -> None:
    assert keys(ask(filled, "day", "Pacific/Kiritimati")) == {"2024-10-05": 2, "2024-10-06": 2}
    assert keys(ask(filled, "hour", "Asia/Kathmandu")) == {
        "2024-10-04T17:00+0545": 2,
        "2024-10-05T17:00+0545": 2,
    }


@pytest.mark.parametrize(
    ("wanted", "requests"),
    [
        ({"since": NOON + DAY - 10}, 2),
        ({"until": NOON + DAY - 10}, 2),
        ({"agent": "Explore"}, 1),
        ({"model": "gpt-5"}, 1),
        ({"project": "/elsewhere"}, 0),
        ({"session": "two"}, 1),
        ({"tool": "Bash"}, 3),
    ],
    ids=str,
)
def test_ranges_and_filters(filled: Reader, wanted: dict[str, Any], requests: int) -> None:
    assert ask(filled, **wanted)["total"]["requests"] == requests


def test_an_unknown_cost_is_none(filled: Reader) -> None:
    assert ask(filled, session="two")["total"]["cost_usd"] is None
    assert ask(filled, "day")["groups"][1]["cost_usd"] == 0.0


def test_a_session_adds_up_to_the_same_as_the_totals(filled: Reader) -> None:
    by_session = {one["key"]: one for one in ask(filled, "session")["groups"]}
    for name, one in by_session.items():
        alone = ask(filled, session=name)["total"]
        different: set[str] = {"key", "ttft_ms_p50", "ttft_ms_p95", "speed_p50", "speed_p95"}
        assert without(one, different) == without(alone, different)


def without(one: Numbers, names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name not in names}


def test_what_is_stored_twice_counts_once(filled: Reader, sink: StoreSink, make: Make) -> None:
    exchange = make(body_of("z"), message_of(0), at=NOON, id="f" * 32, usage=USAGE, cost=Cost(usd=7.0))
    for usd in (7.0, 9.0):
        sink.ended(
            make(body_of("z"), message_of(0), at=NOON, id=exchange.id, usage=USAGE, cost=Cost(usd=usd))
        )
        sink.flush()
    total = ask(filled)["total"]
    assert (total["requests"], total["cost_usd"]) == (5, 10.0)
    assert keys(ask(filled, "tool")) == {"Bash": 4}


def test_what_died_counts_as_a_request(filled: Reader, sink: StoreSink) -> None:
    sink.writer.interrupt(["elsewhere:1:1"])
    assert ask(filled)["total"]["requests"] == 5


def test_as_if_another_model_had_answered(filled: Reader) -> None:
    with filled.connect() as connection:
        found = stats(connection, by="day", as_if=lambda usage: usage.output_tokens / 100)
    assert [one["as_if_usd"] for one in found["groups"]] == [2.02, 1.01]


def test_what_cannot_be_told_is_refused(filled: Reader) -> None:
    with pytest.raises(UserError, match="cannot group by 'colour'"):
        ask(filled, "colour")
    with pytest.raises(UserError, match="cannot be chosen"):
        ask(filled, min_cost=1.0)


def test_a_subagent_without_a_name_is_not_the_main_agent(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(1)))
    sink.ended(make(body_of("b"), message_of(2), agent=Agent(id="a1"), request_class="subagent"))
    sink.flush()
    for session in (None, "11111111-aaaa"):
        wanted = {"session": session} if session else {}
        assert keys(ask(reader, "agent", **wanted)) == {"main": 1, "unknown": 1}
    assert ask(reader, agent="unknown")["total"]["requests"] == 1
    assert ask(reader, agent="main")["total"]["requests"] == 1


def test_a_count_of_tokens_is_no_request(sink: StoreSink, reader: Reader, make: Make) -> None:
    counted = {"endpoint": "/v1/messages/count_tokens", "request_class": "count"}
    sink.ended(make(body_of("a"), message_of(1)))
    sink.ended(make(body_of("a"), {"input_tokens": 3}, **counted))
    sink.ended(make(body_of("a"), {"error": {}}, status="error", **counted))
    sink.flush()
    for session in (None, "11111111-aaaa"):
        wanted = {"session": session} if session else {}
        total = ask(reader, **wanted)["total"]
        assert (total["requests"], total["errors"]) == (1, 0)
