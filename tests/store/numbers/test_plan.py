"""Whose a window's parts are: against a provider with hidden weights."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Response
from claude_lens.settings import load
from claude_lens.store.numbers.plan import Key, Read, Use, attribute, grouped, latest, plan
from claude_lens.store.reading.queries import open_reader
from claude_lens.store.sink import StoreSink

LENGTH = 5 * 3600.0
START = 1_795_800_000.0
END = START + LENGTH
A, B = (Key("s", name, "/p", "m") for name in ("a", "b"))


def read(at: float, used: float, resets: float | None = END) -> Read:
    return Read(START + at, used, resets)


def use(at: float, key: Key = A, usd: float = 1.0) -> Use:
    return Use(START + at, key, usd)


def test_a_rise_belongs_to_those_that_ended_in_between() -> None:
    found = attribute(
        [read(0, 0.0), read(10, 0.03), read(20, 0.09)], [use(5), use(12, B, 1.0), use(15, A, 3.0)], LENGTH
    )
    assert found is not None
    assert found.parts == pytest.approx({A: 0.03 + 0.045, B: 0.015})
    assert (found.elsewhere, found.last.used) == (0.0, 0.09)


def test_what_nobody_of_ours_used_was_elsewhere() -> None:
    found = attribute([read(1, 0.3), read(10, 0.31), read(20, 0.51)], [use(5), use(15, B, 0.0)], LENGTH)
    assert found is not None
    assert found.parts == pytest.approx({A: 0.01})
    assert found.elsewhere == pytest.approx(0.5)


def test_rounding_is_carried_to_the_next_rise() -> None:
    found = attribute(
        [read(0, 0.0), read(10, 0.0), read(20, 0.0), read(30, 0.01)], [use(5), use(15, B), use(25)], LENGTH
    )
    assert found is not None
    assert found.parts == pytest.approx({A: 0.02 / 3, B: 0.01 / 3})


@pytest.mark.parametrize("resets", [END + LENGTH, END])
def test_a_new_window_starts_anew(resets: float) -> None:
    later = LENGTH + 100
    found = attribute(
        [read(0, 0.0), read(10, 0.8), Read(START + later, 0.02, resets)], [use(5), use(later - 10, B)], LENGTH
    )
    assert found is not None
    assert found.parts == pytest.approx({B: 0.02})
    assert found.elsewhere == 0.0


def test_what_the_old_window_had_not_shown_yet_is_not_the_new_ones() -> None:
    found = attribute([read(0, 0.5), Read(END + 50, 0.01, END + LENGTH)], [use(5)], LENGTH)
    assert found is not None
    assert (found.parts, found.elsewhere) == ({}, 0.01)


def test_answers_that_cross_each_other_are_no_new_window() -> None:
    found = attribute(
        [read(0, 0.0), read(10, 0.05), read(11, 0.04), read(20, 0.06)], [use(5), use(15, B)], LENGTH
    )
    assert found is not None
    assert found.parts == pytest.approx({A: 0.05, B: 0.01})
    assert attribute([], [], LENGTH) is None


@pytest.mark.parametrize("seed", range(20))
def test_hidden_weights(seed: int) -> None:
    """Sums to the header's figure, and each agent within rounding."""
    chance = random.Random(seed)
    weights = {A: 0.0031, B: 0.0107}
    truth: dict[Key | str, float] = defaultdict(float)
    readings, uses, used, at = [], [], 0.0, 0.0
    for number in range(120):
        at += chance.uniform(1, 30)
        if number == 60:
            # Somebody else, between two answers of ours that cost nothing.
            readings.append(read(at, round(used, 2)))
            used += 0.2
            truth["elsewhere"] += 0.2
            at += 1
        readings.append(read(at, round(used, 2)))
        key = A if number % 40 < 20 else B
        uses.append(use(at + 0.5, key, weights[key] * 100))
        used += weights[key]
        truth[key] += weights[key]
    readings.append(read(at + 1, round(used, 2)))
    found = attribute(readings, uses, LENGTH)
    assert found is not None
    assert sum(found.parts.values()) + found.elsewhere == pytest.approx(round(used, 2), abs=1e-9)
    for key, share in found.parts.items():
        # One rounding at each change of who asks.
        assert share == pytest.approx(truth[key], abs=0.03)
    assert found.elsewhere == pytest.approx(0.2, abs=0.02)


def exchange(number: int, used: float | None, agent: str | None, usd: float = 0.1) -> Exchange:
    headers = (
        ("anthropic-ratelimit-unified-5h-utilization", f"{used}"),
        ("anthropic-ratelimit-unified-5h-reset", f"{END:.0f}"),
        ("anthropic-ratelimit-unified-status", "allowed_warning"),
    )
    who = Agent(name=agent, id=agent, evidence="headers") if agent else Agent(evidence="default")
    return Exchange(
        id=f"e{number:03}",
        status="ok",
        identity=Identity(session_id="s1", user_id="u-1", project="/p", agent=who),
        model=Model(requested="m"),
        started_at=START + 10 * number,
        ttfb_ms=100.0,
        duration_ms=2000.0,
        cost=Cost(usd=usd),
        response=Response(headers=headers if used is not None else ()),
    )


def test_from_the_store(url: str) -> None:
    settings = load({"CLAUDE_LENS_HOME": "/nowhere", "CLAUDE_LENS_DATABASE_URL": url})
    sink = StoreSink(url)
    sink.writer.open()
    for number, (used, agent) in enumerate([(0.1, None), (0.12, "x"), (None, "x"), (0.2, None)]):
        sink.ended(exchange(number, used, agent))
        sink.ended(exchange(number, used, agent))
    sink.close()
    now = START + 3600
    with open_reader(settings) as reader, reader.connect() as connection:
        (window,) = plan(connection, now)
        (newest,) = latest(connection, now)
        assert plan(connection, END + 1) == []
    assert (window["account"], window["name"], window["used"]) == ("u-1", "5h", 0.2)
    assert [part["agent"] for part in window["by"]] == ["x", "main"]
    assert [part["share"] for part in window["by"]] == pytest.approx([0.08, 0.02])
    assert window["elsewhere"] == pytest.approx(0.1)
    assert window["full_at"] is not None
    assert (newest["status"], newest["used"]) == ("allowed_warning", 0.2)
    assert grouped([window], "agent") == {
        "x": {"5h": pytest.approx(0.08)},
        "main": {"5h": pytest.approx(0.02)},
        "elsewhere": {"5h": pytest.approx(0.1)},
    }
