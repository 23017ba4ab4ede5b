"""What was spent, as it travels."""

from __future__ import annotations

import orjson

from claude_lens.guard.events import Reading, Spent, from_json
from claude_lens.guard.rules import Who


def test_there_and_back() -> None:
    reading = Reading(
        account="u", name="5h", used=0.62, resets_at=9.0, at=3.0, status="allowed", representative=True
    )
    whole = Spent(
        id="e1",
        at=1.5,
        usd=0.25,
        requests=3,
        unpriced=1,
        free=True,
        refused="depth",
        who=Who(
            session="s",
            agent="",
            agent_id="a1",
            parent_id="a0",
            project="/p",
            model="m",
            user="u",
            account="c",
        ),
        readings=(reading,),
    )
    for spent in (whole, Spent(at=0.5, who=Who())):
        assert from_json(orjson.loads(orjson.dumps(spent.to_json()))) == spent


def test_what_a_newer_version_tells_is_left_out() -> None:
    assert from_json({"at": 1.0, "who": {"session": "s", "shoe": 43}, "new": 1}) == Spent(
        at=1.0, who=Who(session="s")
    )
