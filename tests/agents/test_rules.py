from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.agents.rules import Question, Rule, first, question
from claude_lens.exchange import Agent


def rule(to: str = "m", **conditions: Any) -> Rule:
    return Rule(to=to, source="test", label=to, **conditions)


@pytest.mark.parametrize(
    ("conditions", "asked", "expected"),
    [
        ({}, Question(), True),
        ({"agent": "poet"}, Question(agent="poet"), True),
        ({"agent": "po*"}, Question(agent="poet"), True),
        ({"agent": "*"}, Question(agent=""), True),
        ({"agent": "*"}, Question(agent="main"), False),
        ({"agent": "*"}, Question(agent=None), False),
        ({"agent": "main"}, Question(agent="main"), True),
        ({"agent": "main"}, Question(agent=None), False),
        ({"agent": "m*"}, Question(agent="main"), False),
        ({"type": "Explore"}, Question(type="Explore"), True),
        ({"type": "Explore"}, Question(type="Plan"), False),
        ({"request_class": "compaction"}, Question(request_class="compaction"), True),
        ({"model": "claude-haiku-*"}, Question(model="claude-haiku-4-5"), True),
        ({"model": "claude-haiku-*"}, Question(), False),
        ({"min_tokens": 10}, Question(tokens=10), True),
        ({"min_tokens": 10}, Question(tokens=9), False),
        ({"agent": "po*", "type": "custom"}, Question(agent="poet", type="Explore"), False),
    ],
)
def test_matches(conditions: dict[str, Any], asked: Question, expected: bool) -> None:
    assert rule(**conditions).matches(asked) is expected


def test_first_match_wins() -> None:
    listed = [rule("a", type="Explore"), rule("b", agent="*"), rule("c")]
    assert [
        found.to if (found := first(listed, asked)) else None
        for asked in (
            Question(agent="Explore", type="Explore"),
            Question(agent="x"),
            Question(agent="main"),
        )
    ] == ["a", "b", "c"]
    assert first([], Question()) is None


@pytest.mark.parametrize(
    ("conditions", "possible"),
    [
        ({"type": "Explore", "request_class": "main"}, False),
        ({"agent": "main", "type": "Explore"}, False),
        ({"agent": "main", "request_class": "subagent"}, False),
        ({"agent": "main", "request_class": "auxiliary"}, False),
        ({"agent": "poet", "request_class": "main"}, False),
        ({"agent": "poet", "type": "Explore"}, False),
        ({"agent": "Ex*", "type": "Explore"}, True),
        ({"agent": "poet", "type": "custom"}, True),
        ({"agent": "main", "request_class": "compaction"}, True),
        ({"agent": "poet", "request_class": "compaction"}, True),
    ],
)
def test_impossible(conditions: dict[str, Any], possible: bool) -> None:
    assert (rule(**conditions).impossible is None) is possible


GLOBS = st.one_of(st.none(), st.text("ab*?", min_size=1, max_size=4), st.just("main"))
NAMES = st.one_of(st.none(), st.text("ab", max_size=4), st.just("main"))
CONDITIONS = st.fixed_dictionaries(
    {
        "agent": GLOBS,
        "type": st.sampled_from([None, "Explore", "custom"]),
        "request_class": st.sampled_from([None, "main", "subagent"]),
        "model": GLOBS,
        "min_tokens": st.sampled_from([None, 1, 5]),
    }
)
QUESTIONS = st.builds(
    Question,
    agent=NAMES,
    type=st.sampled_from([None, "Explore", "custom"]),
    request_class=st.sampled_from(["main", "subagent", None]),
    model=NAMES,
    tokens=st.integers(0, 6),
)


@given(CONDITIONS, CONDITIONS, QUESTIONS)
def test_what_is_covered_never_hits(wide: dict[str, Any], narrow: dict[str, Any], asked: Question) -> None:
    before, after = rule(**wide), rule(**narrow)
    if before.covers(after) and after.matches(asked):
        assert before.matches(asked)


def test_covers() -> None:
    assert rule().covers(rule(agent="poet"))
    assert rule(agent="po*").covers(rule(agent="poet", type="custom"))
    assert rule(agent="po*").covers(rule(agent="poe*"))
    assert rule(min_tokens=5).covers(rule(min_tokens=6))
    assert not rule(min_tokens=5).covers(rule())
    assert not rule(agent="*").covers(rule(agent="main"))
    assert not rule(agent="*").covers(rule())
    assert rule().covers(rule(agent="main"))


@pytest.mark.parametrize(
    ("agent", "request_class", "name", "asked_class"),
    [
        (Agent(evidence="headers"), "main", "main", "main"),
        (Agent(evidence="default"), None, "main", "main"),
        (Agent(evidence="headers"), "auxiliary", None, "auxiliary"),
        (Agent(evidence="headers"), "compaction", "main", "compaction"),
        (Agent(evidence="unknown"), None, None, None),
        (Agent(evidence="billing"), None, "", "subagent"),
        (Agent(evidence="headers"), "workflow", "", "workflow"),
        (Agent(id="a1", evidence="headers"), None, "", "subagent"),
        (Agent(id="a1", name="poet", evidence="spawn"), "subagent", "poet", "subagent"),
    ],
)
def test_question(agent: Agent, request_class: str | None, name: str | None, asked_class: str | None) -> None:
    asked = question(agent, request_class=request_class, model="claude-x", size=4000)
    assert asked == Question(agent=name, type=None, request_class=asked_class, model="claude-x", tokens=1000)
