"""A day: its sums, who is listed where, and what is left out."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from claude_lens.exchange import Cost, Identity
from claude_lens.store.happened.today import added_up, midnight, today, usual_cost
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

NOON = datetime(2026, 11, 20, 12).astimezone().timestamp()
DAY = 86400.0
END = {"stop_reason": "end_turn"}


def client(session: str, words: str) -> Identity:
    return Identity(
        session_id=session, request_class="main", client=f"claude-cli/2.1.329 (external, {words})"
    )


def test_who_is_listed_where(sink: StoreSink, url: str, make: Make) -> None:
    sink.arrived(make(body_of("a"), at=time.time() - 1, identity=client("runs", "cli")))
    said = make(body_of("b"), message_of(0), at=time.time() - 5, identity=client("waits", "cli"), **END)
    sink.ended(said)
    sink.ended(
        make(body_of("c"), message_of(0), at=time.time() - 5, identity=client("done", "sdk-cli"), **END)
    )
    failed = {"status": "error", "http_status": 400, "stop_reason": None}
    sink.ended(make(body_of("d"), {"e": 1}, at=time.time() - 5, identity=client("failed", "cli"), **failed))
    sink.ended(
        make(body_of("e"), message_of(0), at=time.time() - 9 * DAY, identity=client("old", "cli"), **END)
    )
    sink.flush()
    with Reader(url) as reader:
        found = today(reader, time.time() - 60)
    groups = (found["running"], found["waiting"], found["finished"], found["failed"])
    assert [[one["id"] for one in group] for group in groups] == [["runs"], ["waits"], ["done"], ["failed"]]


def test_what_it_cost_and_what_is_usual(sink: StoreSink, url: str, make: Make) -> None:
    for days, usd in ((0, 5.0), (1, 1.0), (2, 3.0), (3, 11.0), (40, 1000.0)):
        sink.ended(
            make(
                body_of(str(days)),
                message_of(0),
                session=f"s{days}",
                at=NOON - days * DAY,
                cost=Cost(usd=usd),
            )
        )
    sink.ended(make(body_of("x"), message_of(0), session="cheap", at=NOON - 60, cost=Cost(usd=0.5)))
    sink.flush()
    with Reader(url) as reader:
        found = today(reader, None, NOON + 60)
        with reader.connect() as connection:
            assert usual_cost(connection, midnight(NOON) - 100 * DAY) is None
    assert (found["cost_usd"], found["usual_usd"]) == (5.5, 3.0)
    assert [one["id"] for one in found["dearest"]] == ["s0", "cheap"]
    assert found["since"] == found["day"]
    assert found["windows"] == []


def test_nothing_yet(url: str) -> None:
    with Reader(url) as reader:
        found = today(reader)
    assert found["running"] == found["waiting"] == found["finished"] == found["failed"] == []
    assert found["losses"] == []
    assert (found["cost_usd"], found["usual_usd"]) == (0.0, None)


def test_losses_by_cause() -> None:
    miss = {"exchange_id": "e", "agent_id": None, "tokens": 9}
    digest = {
        "missed": [
            {**miss, "at": 10.0, "cause": "tools", "usd": 0.25},
            {**miss, "at": 11.0, "cause": "tools", "usd": 0.5},
            {**miss, "at": 12.0, "cause": "expired", "usd": None},
            {**miss, "at": 1.0, "cause": "expired", "usd": 9.0},
        ],
        "retried": [{"at": 10.0, "ms": 2000.0, "why": "529"}, {"at": 1.0, "ms": 9000.0, "why": "529"}],
    }
    found = added_up([digest], 5.0)  # type: ignore[list-item]
    assert found == [
        {"cause": "tools", "usd": 0.75, "ms": 0.0},
        {"cause": "retries", "usd": 0.0, "ms": 2000.0},
        {"cause": "expired", "usd": 0.0, "ms": 0.0},
    ]


@pytest.mark.parametrize("hour", [0, 1, 12, 23])
def test_a_day_begins_at_midnight_here(hour: int) -> None:
    at = datetime(2026, 11, 20, hour, 30).astimezone().timestamp()
    assert datetime.fromtimestamp(midnight(at)).isoformat() == "2026-11-20T00:00:00"
