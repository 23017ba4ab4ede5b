from __future__ import annotations

from claude_lens.replay.differing import Part
from claude_lens.replay.outcome import Outcome
from tests.replay.making import recorded


def test_a_difference_is_told_once() -> None:
    outcome = Outcome("s")
    memory, more = Part("messages[0] (CLAUDE.md)", "- a\n+ b"), Part("messages[4]", "+ c")
    assert outcome.differs("main", None, recorded(0, "x"), [memory])
    assert not outcome.differs("main", None, recorded(1, "x"), [memory])
    assert outcome.differs("main", None, recorded(2, "x"), [memory, more])
    assert outcome.differs("a1", "a1", recorded(3, "x", agent="a1"), [memory])
    assert [(one["turn"], one["part"]) for one in outcome.diverged] == [
        (1, memory.name),
        (3, more.name),
        (4, memory.name),
    ]
    told = outcome.told()
    assert (told["following"], told["exit_code"]) == (1, 1)


def test_exit_codes() -> None:
    outcome = Outcome("s", matched=2)
    assert outcome.exit_code == 0
    outcome.unused = [recorded(0, "title", line="auxiliary")]
    assert (outcome.exit_code, outcome.told()["unused"]) == (0, 0), "helper requests may stay away"
    outcome.unused.append(recorded(1, "go"))
    assert (outcome.exit_code, outcome.told()["unused"]) == (1, 1)


def test_what_the_record_does_not_hold() -> None:
    outcome = Outcome("s")
    assert outcome.differs("main", None, None, [])
    assert outcome.diverged[0]["exchange_id"] is None
    assert outcome.diverged[0]["part"] == "request"
