"""What people read."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.guard import file, words
from claude_lens.guard.events import Spent
from claude_lens.guard.file import Ruleset
from claude_lens.guard.ledger import Ledger, Notice, Verdict
from claude_lens.guard.rules import EACH, Rule, Who

NOW = 1_795_833_500.0
WHO = Who(session="s 1", agent="code-reviewer")


def rule(name: str, text: str, **scope: str) -> Rule:
    return Rule(**file.build(name, text, scope))


@pytest.mark.parametrize(
    ("made", "spent", "limit", "says"),
    [
        (
            rule("limit", "2/day", agent="code-reviewer"),
            2.01,
            2.0,
            "code-reviewer has spent $2.01 of $2.00 for today",
        ),
        (rule("limit", "15", session=EACH), 15.2, 15.0, "this session has spent $15.20 of $15.00"),
        (
            rule("limit", "50/week", project="/p"),
            50,
            50.0,
            "project /p has spent $50.00 of $50.00 for this week",
        ),
        (
            rule("limit", "3/day", model="opus", agent="main"),
            3,
            3.0,
            "the main agent in model opus has spent",
        ),
        (rule("requests", "200/hour"), 200.0, 200.0, "has made 200 of 200 requests for this hour"),
        (rule("agents_per_session", "40"), 40.0, 40.0, "this session has had 40 of 40 agents"),
        (rule("depth", "3"), 4.0, 3.0, "code-reviewer is nested 4 deep, of 3 allowed"),
        (rule("plan", "7d:90%"), 0.91, 0.9, "the plan has used 91 % of its 7d window, of 90 % allowed"),
    ],
)
def test_refusals(made: Rule, spent: float, limit: float, says: str) -> None:
    who = WHO if made.scope.get("agent") != "main" else Who(session="s 1", agent="main")
    said = words.refusal(Verdict("stop", made, spent, limit, None), who, NOW)
    assert said.startswith("claude-lens guard: ")
    assert says in said
    assert f"lensctl guard allow {made.id}" in said
    assert ("--session 's 1'" in said) == made.by_session
    assert "\n" not in said


def test_until_when() -> None:
    made = rule("limit", "2/day")
    said = words.refusal(Verdict("stop", made, 2, 2.0, NOW + 86400), WHO, NOW)
    assert f", until {words.moment(NOW + 86400, NOW)};" in said


def test_amounts() -> None:
    assert [words.amount(one, "usd") for one in (0, 2, 0.000546, 1234.5)] == [
        "$0.00",
        "$2.00",
        "$0.000546",
        "$1,234.50",
    ]
    assert words.amount(0.625, "plan") == "62.5 %"
    assert words.amount(200.0, "requests") == "200"


def test_overview_and_who_it_is_about() -> None:
    ledger = Ledger()
    rules = (rule("limit", "2/day", agent="x"), rule("limit", "1", session=EACH), rule("depth", "3"))
    ledger.use(Ruleset(rules=rules), NOW)
    ledger.take(Spent(id="e", at=NOW, usd=0.5, who=Who(session="s", agent="x", agent_id="a")), NOW)
    rows = words.overview(ledger, NOW)
    assert [(one["id"], one["spent"], one["left"], one["unit"]) for one in rows] == [
        ("agent:x/day", 0.5, 1.5, "usd"),
        ("session", 0.5, 0.5, "usd"),
        ("depth", 1.0, 2.0, "agents"),
    ]
    assert [one["id"] for one in words.overview(ledger, NOW, Who(agent="y"))] == ["session", "depth"]
    assert words.overview(ledger, NOW, Who(session="other"))[1]["spent"] == 0.0


@pytest.mark.parametrize(
    ("event", "spent", "says"),
    [("warn", 1.7, "is nearly used up"), ("stop", 2.0, "is used up"), ("warn", 2.5, "is passed")],
)
def test_notices(event: Any, spent: float, says: str) -> None:
    told = words.notice(Notice(event, rule("limit", "2/day"), None, spent, 2.0, NOW))
    assert (told["event"], told["rule"], told["spent"], told["unit"]) == (event, "all/day", spent, "usd")
    assert says in words.warning(told)
