from __future__ import annotations

from typing import Any

from rich.console import Console

from claude_lens.findings.look import Finding, Waste
from claude_lens.findings.report import Outcome, Side
from claude_lens.terminal.findings import findings, outcomes

ONE: Finding = {
    "id": "read-again-0011aabb",
    "kind": "read-again",
    "subject": "",
    "project": "/home/me/app",
    "measured": False,
    "usd": 0.5,
    "tokens": 10,
    "ms": 0.0,
    "count": 3,
    "sessions": 2,
    "sentence": "Files were read \x1b[31magain 3 times.",
    "remedy": "do not",
    "evidence": [f"{number:032x}" for number in range(5)],
    "accepted_at": None,
}
WASTE: Waste = {
    "since": None,
    "until": None,
    "project": None,
    "session": None,
    "sessions": 2,
    "pending": 0,
    "cost_usd": 2.0,
    "findings": [ONE],
    "total_usd": 0.5,
}


def shown(what: Any, width: int = 80) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


def test_a_finding_in_a_few_lines() -> None:
    text = shown(findings(WASTE))
    assert [line.rstrip() for line in text.splitlines()][:5] == [
        "$0.5000  estimated  read-again-0011aabb",
        "  Files were read  [31magain 3 times.",
        "  in /home/me/app",
        "  → do not",
        "  see 0000000000000000 0000000000000000 0000000000000000 and 2 more",
    ]
    assert "$0.5000 of $2.0000 (25 %) in 2 sessions" in text
    assert all(len(line) <= 40 for line in shown(findings(WASTE), 40).splitlines())


def test_what_costs_time_alone_and_was_accepted() -> None:
    one: Finding = {**ONE, "usd": 0.0, "ms": 90_000.0, "accepted_at": "2026-01-31T09:30:00.000Z"}
    assert shown(findings({**WASTE, "findings": [one]})).startswith("1 m 30 s  estimated")
    assert "accepted 2026-01-31" in shown(findings({**WASTE, "findings": [one]}))


def test_nothing() -> None:
    assert "no waste worth telling in 1 session" in shown(findings({**WASTE, "findings": [], "sessions": 1}))
    assert "no session was" in shown(findings({**WASTE, "findings": [], "sessions": 0}))


def test_before_and_after() -> None:
    before: Side = {
        "sessions": 4,
        "count": 8,
        "usd": 2.0,
        "ms": 0,
        "per_session_usd": 0.5,
        "per_session_count": 2.0,
    }
    after: Side = {**before, "sessions": 1, "count": 1, "usd": 0.1, "per_session_usd": 0.1}
    one: Outcome = {
        "id": "read-again-0011aabb",
        "kind": "read-again",
        "project": None,
        "sentence": "Files were read again.",
        "accepted_at": "2026-01-31T09:30:00.000Z",
        "before": before,
        "after": after,
        "effect": "less",
        "saved_usd": 0.4,
    }
    text = shown(outcomes([one]))
    assert text.startswith("less than before  read-again-0011aabb")
    assert "before: 8 times in 4 sessions, $2.0000; $0.5000 a session" in text
    assert "after:  1 time in 1 session, $0.1000; $0.1000 a session" in text
    assert "saved about $0.4000 since" in text
    nothing: Side = {**after, "sessions": 0, "per_session_usd": None}
    assert "after:  no session" in shown(
        outcomes([{**one, "after": nothing, "effect": "too early", "saved_usd": 0}])
    )
