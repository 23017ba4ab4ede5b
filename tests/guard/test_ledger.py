"""Sums, and whether one more request fits."""

from __future__ import annotations

import random
from typing import Any

import pytest

from claude_lens.guard import file
from claude_lens.guard.events import Reading, Spent
from claude_lens.guard.file import Grant, Ruleset
from claude_lens.guard.ledger import LOST_AFTER, Ledger
from claude_lens.guard.rules import EACH, Rule, Who
from claude_lens.guard.tally import Ticket
from claude_lens.guard.windows import span

NOW = span("week", 1_795_000_000.0)[0] + 40 * 3600.0
MAIN = Who(session="s1", agent="main")
REVIEW = Who(session="s1", agent="code-reviewer", agent_id="a1")


def rule(name: str, text: str, mode: Any = "stop", **scope: str) -> Rule:
    return Rule(**file.build(name, text, scope), mode=mode)


def ledger(*rules: Rule, **more: Any) -> Ledger:
    made = Ledger()
    made.use(Ruleset(rules=rules, **more), NOW)
    return made


def spent(ident: str, usd: float, who: Who = REVIEW, at: float = NOW, **more: Any) -> Spent:
    return Spent(id=ident, at=at, usd=usd, who=who, **more)


def test_a_limit_stops_the_one_agent() -> None:
    sums = ledger(rule("limit", "2/day", agent="code-reviewer"))
    assert sums.ask("e1", REVIEW, 0.1, 0.2, NOW).what == "pass"
    sums.take(spent("e1", 2.0), NOW)
    verdict = sums.ask("e2", REVIEW, 0.1, 0.2, NOW)
    assert (verdict.what, verdict.spent, verdict.limit) == ("stop", 2.0, 2.0)
    assert verdict.until == span("day", NOW)[1]
    assert sums.ask("e3", MAIN, 0.1, 0.2, NOW).what == "pass"


def test_each_exchange_counts_once_and_free_ones_never() -> None:
    sums = ledger(rule("limit", "2/day"))
    for _ in range(3):
        sums.take(spent("e1", 0.25), NOW)
    sums.take(spent("e2", 9.0, free=True), NOW)
    sums.take(spent("e3", 0.0, refused="all/day"), NOW)
    tally = sums.fullest(sums.set.rules[0], NOW)
    assert (tally.usd, tally.requests) == (0.25, 1)
    assert [one["exchange_id"] for one in sums.stops(sums.set.rules[0], 0.0)] == ["e3"]


def test_windows_end_and_sessions_have_sums_of_their_own() -> None:
    daily, each = rule("limit", "2/day"), rule("limit", "1", session=EACH)
    sums = ledger(daily, each)
    sums.take(spent("e1", 3.0), NOW)
    assert sums.ask("x", Who(session="s2"), 0, 0, NOW).rule is daily
    tomorrow = span("day", NOW)[1]
    assert sums.ask("x", Who(session="s2"), 0, 0, tomorrow).what == "pass"
    assert sums.ask("y", MAIN, 0, 0, tomorrow).rule is each
    sums.take(spent("late", 5.0, who=Who(session="s3"), at=NOW), tomorrow)
    assert sums.fullest(daily, tomorrow).usd == 0.0


def test_a_rule_that_is_set_later_knows_what_was_spent_before() -> None:
    sums = ledger()
    sums.take(spent("e1", 1.5), NOW)
    sums.take(spent("e2", 1.0, at=span("day", NOW)[0] - 3600), NOW)
    sums.use(Ruleset(rules=(rule("limit", "2/day"), rule("limit", "2/week"))), NOW)
    assert [sums.fullest(one, NOW).usd for one in sums.set.rules] == [1.5, 2.5]
    assert not sums.notices


def test_reservations_hold_others_up_until_the_truth_is_known() -> None:
    sums = ledger(rule("limit", "1/day"))
    sums.take(spent("e0", 0.99), NOW)
    asked = [sums.ask(f"p{n}", REVIEW, 0.001, 0.02, NOW).what for n in range(20)]
    assert asked == ["pass"] + ["wait"] * 19
    assert sums.fullest(sums.set.rules[0], NOW).reserved == 0.02
    sums.take(spent("p0", 0.005), NOW)
    assert sums.ask("p1", REVIEW, 0.001, 0.02, NOW).what == "pass"
    sums.take(spent("p1", 0.006), NOW)
    assert sums.ask("p2", REVIEW, 0.001, 0.02, NOW).what == "stop"


def test_a_reservation_that_nobody_settles_is_given_up() -> None:
    sums = ledger(rule("requests", "1/day"))
    assert sums.ask("e1", MAIN, 0, 0, NOW).what == "pass"
    sums.ended("e1", NOW)
    sums.tick(NOW + LOST_AFTER - 1)
    assert sums.ask("e2", MAIN, 0, 0, NOW).what == "stop"
    sums.tick(NOW + LOST_AFTER + 1)
    assert sums.ask("e2", MAIN, 0, 0, NOW).what == "pass"


def test_warn_never_stops_and_tells_once() -> None:
    sums = ledger(rule("limit", "1/day", mode="warn"))
    for number in range(20):
        assert sums.ask(f"e{number}", MAIN, 1.0, 1.0, NOW).what == "pass"
        sums.take(spent(f"e{number}", 0.1), NOW)
    assert [(one.event, round(one.spent, 6)) for one in sums.notices] == [("warn", 0.8), ("warn", 1.0)]


def test_stop_tells_at_both_levels() -> None:
    sums = ledger(rule("limit", "1/day"))
    sums.take(spent("e1", 0.85), NOW)
    sums.take(spent("e2", 0.2), NOW)
    assert [one.event for one in sums.notices] == ["warn", "stop"]


def test_an_unknown_price_stops_nobody() -> None:
    sums = ledger(rule("limit", "1/day"))
    for number in range(5):
        sums.take(spent(f"e{number}", 0.0, unpriced=1), NOW)
    tally = sums.fullest(sums.set.rules[0], NOW)
    assert (tally.usd, tally.unpriced) == (0.0, 5)
    assert sums.ask("x", MAIN, 0.0, 0.0, NOW).what == "pass"


def test_agents_of_a_session_and_only_new_ones() -> None:
    sums = ledger(rule("agents_per_session", "2"))
    asked = {n: Who(session="s1", agent="x", agent_id=f"a{n}") for n in range(4)}
    assert [sums.ask(f"e{n}", who, 0, 0, NOW).what for n, who in asked.items()] == [
        "pass",
        "pass",
        "stop",
        "stop",
    ]
    assert sums.ask("again", asked[0], 0, 0, NOW).what == "pass"
    assert sums.ask("main", MAIN, 0, 0, NOW).what == "pass"
    assert sums.ask("other", Who(session="s2", agent="x", agent_id="b"), 0, 0, NOW).what == "pass"
    assert sums.sessions.agents() == (2, 1)


def test_nesting() -> None:
    sums = ledger(rule("depth", "2"))
    chain = [
        Who(session="s", agent="x", agent_id=f"a{n}", parent_id=f"a{n - 1}" if n else None) for n in range(3)
    ]
    assert [sums.ask(f"e{n}", who, 0, 0, NOW).what for n, who in enumerate(chain)] == ["pass", "pass", "stop"]
    assert sums.sessions.agents("s") == (2, 2)


def test_the_plan() -> None:
    sums = ledger(rule("plan", "7d:90%"))
    reading = Reading(account="u", name="7d", used=0.91, resets_at=NOW + 100, at=NOW)
    sums.take(spent("e1", 0.0, readings=(reading,)), NOW)
    mine = Who(account="u")
    verdict = sums.ask("x", mine, 0, 0, NOW)
    assert (verdict.what, verdict.spent, verdict.until) == ("stop", 0.91, NOW + 100)
    assert sums.ask("x", Who(account="other"), 0, 0, NOW).what == "pass"
    assert sums.ask("x", mine, 0, 0, NOW + 101).what == "pass"
    older = Reading(account="u", name="7d", used=0.5, resets_at=NOW + 100, at=NOW - 5)
    sums.take(spent("e0", 0.0, readings=(older,)), NOW)
    assert sums.ask("x", mine, 0, 0, NOW).what == "stop"


@pytest.mark.parametrize("amount", [None, 1.0])
def test_allowed_once(amount: float | None) -> None:
    daily, each = rule("limit", "1/day"), rule("limit", "1", session=EACH)
    grants = (
        Grant(rule=daily.id, at=NOW, amount=amount),
        Grant(rule=each.id, at=NOW, amount=amount, session="s1"),
    )
    sums = ledger(daily, each, grants=grants)
    sums.take(spent("e1", 1.5), NOW)
    assert sums.ask("x", MAIN, 0, 0, NOW).what == "pass"
    sums.take(spent("e2", 0.6), NOW)
    assert sums.ask("y", MAIN, 0, 0, NOW).what == ("pass" if amount is None else "stop")
    sums.take(spent("e3", 5.0, who=Who(session="s2"), at=NOW), NOW)
    assert sums.ask("z", Who(session="s2"), 0, 0, span("day", NOW)[1]).rule is each


def test_agents_are_allowed_once() -> None:
    few = rule("agents_per_session", "1")
    sums = ledger(few, grants=(Grant(rule=few.id, at=NOW, amount=1.0, session="s1"),))
    asked = [Who(session="s1", agent="x", agent_id=f"a{n}") for n in range(3)]
    assert [sums.ask(one.agent_id or "", one, 0, 0, NOW).what for one in asked] == ["pass", "pass", "stop"]


def test_what_others_keep_room_for() -> None:
    sums = ledger(rule("limit", "1/day"), rule("agents_per_session", "1"))
    sums.take(spent("e0", 0.9, who=MAIN), NOW)
    theirs = Ticket("t1", Who(session="s9", agent="x", agent_id="z"), NOW, 0.2, 0.3)
    sums.hear_others([theirs], NOW)
    assert sums.ask("x", MAIN, 0.0, 0.0, NOW).what == "wait"
    assert sums.ask("y", Who(session="s9", agent="x", agent_id="w"), 0, 0, NOW).what == "stop"
    sums.hear_others([], NOW)
    assert sums.ask("x", MAIN, 0.0, 0.0, NOW).what == "pass"


def test_sums_are_the_same_whatever_the_order_and_the_rules_before() -> None:
    chance = random.Random(1)
    told = [
        spent(f"e{n}", chance.random(), who=Who(session=f"s{n % 3}", agent=chance.choice(["main", "a", "b"])))
        for n in range(300)
    ]
    rules = (rule("limit", "500/day", agent="a"), rule("limit", "9", session=EACH), rule("limit", "1/week"))
    found = []
    for early in (True, False):
        chance.shuffle(told)
        sums = ledger(*(rules if early else ()))
        for one in told:
            sums.take(one, NOW)
        sums.use(Ruleset(rules=rules), NOW)
        found.append([sums.fullest(one, NOW).usd for one in rules])
    total = sum(one.usd for one in told)
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    assert found[0][2] == pytest.approx(total, abs=1e-9)
