from __future__ import annotations

from claude_lens.exchange import Agent
from claude_lens.store.reading.agents import placed, tree
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


def test_agents_stand_below_those_that_spawned_them(sink: StoreSink, reader: Reader, make: Make) -> None:
    for agent in (
        Agent(),
        Agent(id="a", type="Explore"),
        Agent(id="b", parent_id="a", type="Plan"),
        Agent(id="lost", parent_id="never recorded"),
        Agent(id="x", parent_id="y"),
        Agent(id="y", parent_id="x"),
    ):
        sink.ended(make(body_of("a"), message_of(0), agent=agent))
    sink.flush()
    found = tree(reader, "last")

    assert [one["id"] for one in found["agents"]] == [None, "lost", "x", "y"]
    main = found["agents"][0]
    assert [one["id"] for one in main["agents"]] == ["a"]
    assert [one["id"] for one in main["agents"][0]["agents"]] == ["b"]
    assert (main["cost_usd"], main["total_cost_usd"]) == (0.25, 0.75)
    assert main["tools"] == {"Bash": 1}


def test_a_list_keeps_agents_below_those_that_started_them() -> None:
    parents: dict[str | None, str | None] = {
        None: None,
        "a": None,
        "b": None,
        "c": "a",
        "lost": "nobody",
        "x": "y",
        "y": "x",
        "d": "c",
    }
    assert placed(parents) == [
        (None, 0),
        ("a", 1),
        ("c", 2),
        ("d", 3),
        ("b", 1),
        ("lost", 0),
        ("x", 0),
        ("y", 0),
    ]
    deep: dict[str | None, str | None] = {
        "0": None,
        **{str(number): str(number - 1) for number in range(1, 3_000)},
    }
    assert placed(deep)[-1] == ("2999", 2999)
