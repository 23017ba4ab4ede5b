"""Who a rule is about, and what it is called."""

from __future__ import annotations

from typing import Any

import pytest

from claude_lens.guard.rules import EACH, Rule, Who

WHO = Who(
    session="s1",
    agent="code-reviewer",
    project="/home/me/shop/web",
    model="claude-opus-4-5",
    user="ann",
    account="u-1",
)


def rule(**fields: Any) -> Rule:
    return Rule(**{"kind": "usd", "limit": 2.0, **fields})


@pytest.mark.parametrize(
    ("scope", "hits"),
    [
        ({}, True),
        ({"agent": "code-reviewer"}, True),
        ({"agent": "code-*"}, True),
        ({"agent": "*"}, True),
        ({"agent": "main"}, False),
        ({"agent": "poet"}, False),
        ({"project": "/home/me/shop"}, True),
        ({"project": "/home/me/shop/"}, True),
        ({"project": "/home/me/sho"}, False),
        ({"project": "/home/*/shop/*"}, True),
        ({"project": "/"}, True),
        ({"model": "opus"}, True),
        ({"model": "OPUS"}, True),
        ({"model": "claude-opus-*"}, True),
        ({"model": "opus-*"}, False),
        ({"user": "ann"}, True),
        ({"user": "bob"}, False),
        ({"account": "u-1"}, True),
        ({"account": "u-2"}, False),
        ({"session": EACH}, True),
        ({"session": "s1"}, True),
        ({"session": "s2"}, False),
        ({"agent": "code-reviewer", "model": "haiku"}, False),
    ],
)
def test_applies(scope: dict[str, str], hits: bool) -> None:
    assert rule(scope=scope).applies(WHO) == hits


def test_only_main_itself_is_the_main_agent() -> None:
    main = Who(agent="main")
    assert rule(scope={"agent": "main"}).applies(main)
    assert not rule(scope={"agent": "*"}).applies(main)
    assert not rule(scope={"agent": "*"}).applies(Who())
    assert rule(scope={"agent": "*"}).applies(Who(agent=""))


@pytest.mark.parametrize(
    ("fields", "ident", "by_session"),
    [
        ({"scope": {"agent": "x"}, "window": "day"}, "agent:x/day", False),
        ({"scope": {"agent": "x"}}, "agent:x", True),
        ({"scope": {"session": EACH}}, "session", True),
        ({"scope": {"session": "s1"}, "window": "day"}, "session:s1/day", True),
        ({"kind": "requests", "window": "hour"}, "requests/hour", False),
        ({"kind": "requests", "scope": {"agent": "x"}}, "agent:x+requests", True),
        ({"kind": "agents"}, "agents-per-session", True),
        ({"kind": "depth"}, "depth", True),
        ({"kind": "plan", "plan": "7d"}, "plan:7d", False),
        ({"window": "month"}, "all/month", False),
    ],
)
def test_names(fields: dict[str, Any], ident: str, by_session: bool) -> None:
    made = rule(**fields)
    assert (made.id, made.by_session) == (ident, by_session)


def test_json_scopes() -> None:
    assert rule(kind="depth", limit=3.0).shown_scope == {"depth": 3}
    assert rule(kind="plan", plan="5h").shown_scope == {"plan": "5h"}
    assert rule(kind="agents").shown_scope == {"session": "*"}
    assert rule(scope={"agent": "x"}, window="day").shown_scope == {"agent": "x"}
    assert rule(kind="depth").unit == "agents"
