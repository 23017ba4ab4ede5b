"""One sum, and the room it keeps."""

from __future__ import annotations

import math

import pytest

from claude_lens.guard.rules import Rule, Who
from claude_lens.guard.tally import Tally, Ticket


def ticket(name: str, likely: float, most: float) -> Ticket:
    return Ticket(name, Who(), 0.0, likely, most)


def test_room_is_kept_and_let_go_without_a_rest() -> None:
    tally = Tally(Rule(kind="usd", limit=1.0))
    held = [ticket(str(n), 0.1, 0.3) for n in range(3)]
    for one in held:
        tally.hold(one)
    assert tally.reserved == pytest.approx(0.9)
    for one in held:
        tally.release(one)
        tally.release(one)
    assert (tally.likely, tally.most, tally.open) == (0.0, 0.0, {})


def test_far_from_the_limit_only_what_is_likely_counts() -> None:
    tally = Tally(Rule(kind="usd", limit=1.0), usd=0.5)
    tally.hold(ticket("a", 0.1, 5.0))
    assert not tally.crowded(0.8)
    tally.usd = 0.75
    assert tally.crowded(0.8)
    assert not tally.full()
    tally.usd = 1.0
    assert tally.full()


def test_requests_in_flight_are_requests() -> None:
    tally = Tally(Rule(kind="requests", limit=2.0), requests=1)
    assert not tally.crowded(0.8)
    tally.hold(ticket("a", 0, 0))
    assert tally.crowded(0.8)
    assert (tally.spent, tally.reserved) == (1.0, 1.0)


def test_what_was_allowed_comes_on_top() -> None:
    tally = Tally(Rule(kind="usd", limit=1.0), usd=1.5, extra=1.0)
    assert not tally.full()
    tally.extra = math.inf
    tally.usd = 1e9
    assert not tally.full()
    assert Tally(Rule(kind="usd", limit=0.0)).full()
