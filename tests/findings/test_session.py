from __future__ import annotations

from collections.abc import Mapping

import pytest

from claude_lens.exchange import Agent
from claude_lens.findings.session import input_of, read
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import INPUT, READ, WRITE, WRITE_LONG, Talk, said, tool, used
from tests.store.conftest import Make


def test_what_a_token_cost(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    for prompt, usage in (
        ("written", used(0, 8_000)),
        ("for an hour", used(8_000, long=100)),
        ("read", used(8_100)),
        ("plain", used(fresh=9_000)),
    ):
        talk.turn(prompt, [said("a")], usage)
    talk.turn("failed", [said("a")], None, status="error")
    sink.flush()
    with reader.connect() as connection:
        session = read(connection, "s")
    assert [one.fresh for one in session.asked[:4]] == pytest.approx([WRITE, WRITE_LONG, INPUT, INPUT])
    assert [one.carried for one in session.asked] == pytest.approx([READ, READ, READ, INPUT, 0.0])
    assert session.asked[4].usage is None
    assert len(session.conversations[None]) == 4


def test_results_are_carried_until_the_conversation_begins_anew(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    talk = Talk(sink, make)
    talk.turn("go", [tool("Bash", command="a"), tool("Bash", command="b")], used(0, 8_000, out=100))
    talk.turn(["x" * 3_000, "y" * 1_000], [said("ok")], used(8_000, 1_100, out=10))
    talk.turn("on", [said("ok")], used(9_100, 20))
    talk.turn("title", [said("t")], used(fresh=9), request_class="auxiliary")
    talk.messages = []
    talk.turn("anew", [said("ok")], used(0, 3_000))
    sink.flush()
    with reader.connect() as connection:
        session = read(connection, "s")
    long, short = session.brought[None]
    # Of what the provider counted more, without the answer before, each has its share of the bytes.
    assert long.tokens + short.tokens == pytest.approx(1_000, abs=2)
    assert long.tokens > 2 * short.tokens
    assert [one.id for one in long.later] == [talk.sent[2].id]
    assert long.usd == pytest.approx(long.tokens * (WRITE + READ))
    assert (long.place, long.compactions, input_of(long.call)) == (1, 0, {"command": "a"})


def test_each_agent_has_its_own(sink: StoreSink, reader: Reader, make: Make) -> None:
    main, below = Talk(sink, make), Talk(sink, make, agent=Agent(id="a1", type="Explore"))
    main.turn("go", [tool("Bash", command="a")], used(0, 8_000))
    below.turn("go", [tool("Bash", command="b")], used(0, 8_000))
    below.turn(["of the agent"], [said("ok")], used(8_000, 20))
    main.turn(["of main"], [said("ok")], used(8_000, 20))
    sink.flush()
    with reader.connect() as connection:
        brought: Mapping[str | None, list[object]] = read(connection, "s").brought  # type: ignore[assignment]
    assert {agent: [one.result.text for one in some] for agent, some in brought.items()} == {  # type: ignore[attr-defined]
        None: ["of main"],
        "a1": ["of the agent"],
    }
