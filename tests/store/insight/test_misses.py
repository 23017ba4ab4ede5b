"""Misses added up by their causes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claude_lens.store.insight.misses import Misses, misses
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make
from tests.store.insight.talk import CACHED, LATER, READ, WRITE, Talk, used


def summed(reader: Reader, **wanted: object) -> Misses:
    with reader.connect() as connection:
        return misses(connection, replace(Filter(), **wanted))  # type: ignore[arg-type]


@pytest.fixture
def filled(sink: StoreSink, reader: Reader, make: Make) -> Talk:
    """A session that missed three times: once after a while, twice when the provider lost it."""
    talk = Talk(sink, reader, make)
    talk.say("first", used(0, CACHED))
    talk.at = LATER
    for prompt in ("second", "third", "fourth"):
        talk.say(prompt, used(0, CACHED))
    sink.flush()
    return talk


def test_the_dearest_cause_comes_first(filled: Talk, reader: Reader) -> None:
    found = summed(reader, since=T0)
    assert (found["requests"], found["misses"], found["missed_tokens"]) == (4, 3, 3 * CACHED)
    assert [(one["cause"], one["misses"]) for one in found["causes"]] == [("provider", 2), ("expired", 1)]
    assert found["causes"][0]["cost_usd"] == pytest.approx(2 * CACHED * (WRITE - READ))
    assert found["cost_usd"] == pytest.approx(3 * CACHED * (WRITE - READ))
    (session,) = found["sessions"]
    assert (session["session_id"], session["misses"]) == ("s", 3)
    assert found["since"] == "2025-10-09T08:53:20.000Z"


def test_only_what_is_asked_for_counts_and_is_compared_with_what_was_before(
    filled: Talk, reader: Reader
) -> None:
    found = summed(reader, since=LATER + 30)
    assert (found["requests"], found["misses"]) == (1, 1)
    assert summed(reader, project="/home/me/app")["misses"] == 3
    nothing = summed(reader, project="/elsewhere")
    assert (nothing["requests"], nothing["causes"], nothing["sessions"]) == (0, [], [])
    assert (nothing["misses"], nothing["cost_usd"], nothing["unpriced"]) == (0, 0, 0)


def test_what_has_no_price_is_counted_apart(sink: StoreSink, reader: Reader, make: Make) -> None:
    from claude_lens.exchange import Cost

    talk = Talk(sink, reader, make)
    talk.say("first", used(0, CACHED))
    talk.say("second", used(0, CACHED), cost=Cost())
    sink.flush()
    found = summed(reader)
    assert (found["misses"], found["cost_usd"], found["unpriced"]) == (1, None, 1)
