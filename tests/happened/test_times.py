"""Where the time went: every moment once."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.happened.states import IDLE_AFTER
from claude_lens.happened.times import NO_TIME, Asked, Times, added_up, split


def asked(began: float, ended: float, **fields: Any) -> Asked:
    return Asked(began=began, ended=ended, **fields)


def sums(*requests: Asked) -> dict[str, float]:
    found: Times = added_up(split(requests))
    names = ("model", "first_token", "tools", "retries", "waiting", "idle")
    seconds = {name: round(found[f"{name}_ms"] / 1000, 3) for name in names}  # type: ignore[literal-required]
    parts = sum(value for name, value in seconds.items() if name != "first_token")
    assert parts == pytest.approx(found["total_ms"] / 1000, abs=0.01)
    return {name: value for name, value in seconds.items() if value}


def test_model_tools_and_waiting() -> None:
    found = sums(
        asked(0, 3, first=2, calls=["Bash"]),
        asked(43, 45, first=44),
        asked(50, 51, first=51),
    )
    assert found == {"model": 6, "first_token": 4, "tools": 40, "waiting": 5}


def test_failed_requests_and_the_pauses_after_them() -> None:
    found = sums(
        asked(0, 1, failed="529", tip=7),
        asked(3, 4, failed="529", tip=7),
        asked(8, 10, first=9, tip=7),
    )
    assert found == {"retries": 8, "model": 2, "first_token": 1}
    lost = split([asked(0, 1, failed="529", tip=7), asked(3, 4, tip=7)]).lost
    assert [(one.at, one.seconds, one.why) for one in lost] == [(0, 3, "529")]
    # One that nobody tries again: what follows is another prompt.
    assert sums(asked(0, 1, failed="400", tip=7), asked(20, 21, tip=8)) == {
        "retries": 1,
        "waiting": 19,
        "model": 1,
        "first_token": 1,
    }


def test_agents_side_by_side_count_once() -> None:
    found = sums(
        asked(0, 1, calls=["Agent", "Agent"]),
        asked(2, 10, agent="a", first=2, calls=["Bash"]),
        asked(4, 12, agent="b", first=4),
        asked(15, 16, agent="a", first=15),
        asked(17, 18),
    )
    # 1-2 and 16-17 the main one waits for its agents; 12-15 a tool runs.
    assert found == {"model": 13, "first_token": 2, "tools": 5}


def test_an_agents_retry_is_no_tool_of_its_parent() -> None:
    found = sums(
        asked(0, 1, calls=["Agent"]),
        asked(1, 2, agent="a", failed="529", tip=1),
        asked(6, 8, agent="a", first=6, tip=1),
        asked(8, 9),
    )
    assert found == {"model": 4, "first_token": 2, "retries": 5}


def test_what_no_tool_took_a_human_did() -> None:
    found = sums(asked(0, 1, calls=["Bash"]), asked(31, 32, durations=[("Bash", 10_000)]))
    assert found == {"model": 2, "first_token": 2, "waiting": 20, "tools": 10}
    # What the client has not measured whole, nobody knows.
    found = sums(asked(0, 1, calls=["Bash", "Read"]), asked(31, 32, durations=[("Bash", 10_000)]))
    assert found == {"model": 2, "first_token": 2, "tools": 30}
    assert sums(asked(0, 1, calls=["AskUserQuestion"]), asked(31, 32)) == {
        "model": 2,
        "first_token": 2,
        "waiting": 30,
    }


def test_who_waits_for_long_is_idle() -> None:
    found = sums(asked(0, 1), asked(1 + IDLE_AFTER + 100, 2 + IDLE_AFTER + 100))
    assert found == {"model": 2, "first_token": 2, "waiting": IDLE_AFTER, "idle": 100}


def test_helper_requests_are_the_models_time_and_nobody_waits_after_them() -> None:
    found = sums(
        asked(0, 4, calls=["Bash"]), asked(1, 2, beside=True), asked(5, 6, beside=True), asked(9, 10)
    )
    assert found == {"model": 6, "first_token": 6, "tools": 4}


def test_tools_by_name() -> None:
    found = added_up(
        split(
            [
                asked(0, 1, calls=["Bash", "Read"]),
                asked(4, 5, durations=[("Bash", 2500), ("Read", 9)], calls=["Bash"]),
                asked(6, 7),
            ]
        )
    )
    assert found["by_tool"] == {"Bash": 3500.0, "Read": 9.0}
    assert added_up(split([])) == NO_TIME
