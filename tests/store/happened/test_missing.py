"""Misses of the cache over a range, added up from kept digests."""

from __future__ import annotations

import pytest

from claude_lens.exchange import Agent
from claude_lens.store.happened.missing import misses
from claude_lens.store.maintenance.digest import work_out
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, WRITE, Talk, said, used
from tests.store.conftest import T0, Make


def paused(sink: StoreSink, make: Make, session: str, agent: Agent | None = None) -> None:
    talk = Talk(sink, make, session, agent)
    talk.turn("first", [said("a")], used(0, 80_000))
    talk.at += 840
    talk.turn("second", [said("b")], used(0, 80_100))
    sink.flush()


def test_causes_and_agents(sink: StoreSink, reader: Reader, make: Make, url: str) -> None:
    paused(sink, make, "one")
    paused(sink, make, "two", Agent(id="x", type="Explore", evidence="headers"))
    with reader.connect() as connection:
        assert misses(connection, None, None)["left"] == 2
    work_out(url)
    paused(sink, make, "not yet")
    with reader.connect() as connection:
        found = misses(connection, None, None)
        assert misses(connection, T0 + 9_000, None)["sessions"] == 0
        assert misses(connection, None, T0 + 100)["causes"] == []
    assert (found["sessions"], found["left"]) == (3, 1)
    (cause,) = found["causes"]
    assert (cause["name"], cause["requests"], cause["tokens"]) == ("expired", 2, 160_000)
    assert cause["usd"] == pytest.approx(160_000 * (WRITE - READ))
    assert [(one["name"], one["requests"]) for one in found["agents"]] == [("Explore", 1), ("main", 1)]
