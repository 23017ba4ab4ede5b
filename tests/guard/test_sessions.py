"""What is known of a session."""

from __future__ import annotations

from claude_lens.guard import sessions
from claude_lens.guard.events import Reading, Spent
from claude_lens.guard.rules import Who
from claude_lens.guard.sessions import Sessions, depth


def reading(used: float, resets: float = 1000.0) -> Reading:
    return Reading(account="u", name="5h", used=used, resets_at=resets)


def test_cost_folder_and_gain() -> None:
    known = Sessions()
    who = Who(session="s", project="/p")
    known.know(Spent(at=1.0, usd=0.5, who=who, readings=(reading(0.2),)))
    known.know(Spent(at=2.0, usd=0.25, who=Who(session="s"), free=True, readings=(reading(0.23),)))
    assert (known.usd("s"), known.usd("other")) == (0.75, None)
    assert (known.project_of("s"), known.project_of(None)) == ("/p", None)
    ((now, gained),) = known.gained("s", [reading(0.26)])
    assert (now.used, round(gained, 9)) == (0.26, 0.06)
    # A new window begins anew.
    known.know(Spent(at=3.0, who=who, readings=(reading(0.01, 9000.0),)))
    ((_, gained),) = known.gained("s", [reading(0.03, 9000.0)])
    assert round(gained, 9) == 0.02


def test_depth_and_circles() -> None:
    assert depth({"a": None, "b": "a"}, Who(agent_id="c", parent_id="b")) == 3
    assert depth({"a": "b", "b": "a"}, Who(agent_id="c", parent_id="b")) == 3


def test_bounded() -> None:
    known = Sessions()
    for number in range(sessions.SESSIONS + 5):
        known.know(Spent(at=1.0, who=Who(session=f"s{number}", agent_id="a", project="/p")))
    assert known.usd("s0") is None
    assert known.project_of("s0") is None
    assert known.agents_of("s0") == {}
