"""What each exchange added to its conversation."""

from __future__ import annotations

import pytest

from claude_lens.errors import NotFound
from claude_lens.exchange import Agent
from claude_lens.store.reading import turns
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.turns import Step
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

S = "11111111-aaaa"


def steps(reader: Reader) -> list[Step]:
    """Steps of the one session."""
    with reader.connect() as connection:
        return turns.steps(connection, S)


def test_only_what_is_new(make: Make, sink: StoreSink, reader: Reader) -> None:
    for count in (1, 2, 3):
        sink.ended(make(body_of(*(f"prompt {n}" for n in range(count))), message_of(count - 1)))
    sink.flush()
    found = steps(reader)
    assert [len(step.fresh) for step in found] == [1, 1, 1]
    assert [step.anew for step in found] == [True, False, False]
    with reader.connect() as connection:
        messages = turns.load(connection, [key for step in found for key in step.fresh])
    assert [messages[step.fresh[0]]["content"][-1]["text"] for step in found] == [
        "prompt 0",
        "prompt 1",
        "prompt 2",
    ]


def test_agents_have_conversations_of_their_own(make: Make, sink: StoreSink, reader: Reader) -> None:
    sink.ended(make(body_of("same"), message_of(0)))
    agent = Agent(id="a1", type="Plan", spawn_tool_use_id="t1", description="d")
    sink.ended(make(body_of("same"), message_of(0), agent=agent))
    sink.flush()
    main, child = steps(reader)
    assert main.fresh == child.fresh
    assert (child.spawned_by, child.description) == ("t1", "d")
    assert main.spawned_by is None


def test_after_a_compaction_all_is_new(make: Make, sink: StoreSink, reader: Reader) -> None:
    sink.ended(make(body_of("a", "b", "c"), message_of(2)))
    sink.ended(make(body_of("a summary"), message_of(0)))
    sink.flush()
    assert [step.anew for step in steps(reader)] == [True, True]


def test_a_repeated_request_adds_nothing(make: Make, sink: StoreSink, reader: Reader) -> None:
    for _ in range(2):
        sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    assert [len(step.fresh) for step in steps(reader)] == [1, 0]


def test_what_a_dead_proxy_left_is_interrupted(make: Make, sink: StoreSink, reader: Reader) -> None:
    sink.arrived(make(body_of("a"), at=1_000.0))
    sink.flush()
    assert [step.summary["status"] for step in steps(reader)] == ["interrupted"]


def test_no_such_session(reader: Reader) -> None:
    with reader.connect() as connection, pytest.raises(NotFound):
        turns.steps(connection, "nobody")


def test_contents_that_are_gone_are_missing(reader: Reader) -> None:
    with reader.connect() as connection:
        assert turns.load(connection, [1, 2]) == {}
        assert turns.load(connection, []) == {}


def test_a_retry_is_one_turn_with_what_failed(make: Make, sink: StoreSink, reader: Reader) -> None:
    sink.ended(make(body_of("a"), {"error": {}}, status="error"))
    sink.ended(make(body_of("a"), message_of(0), request_class="auxiliary"))
    sink.ended(make(body_of("a"), {"error": {}}, status="error"))
    sink.ended(make(body_of("a"), message_of(0)))
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    assert [step.retry for step in steps(reader)] == [False, False, True, True, False]
