from __future__ import annotations

import io
from typing import Any

from rich.console import Console, RenderableType

from claude_lens.store.insight.compare import Difference
from claude_lens.store.insight.context import context
from claude_lens.store.insight.why import Reason
from claude_lens.store.reading.search import Hit
from claude_lens.terminal import tables


def shown(what: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=300, highlight=False, emoji=False).print(what)
    return out.getvalue()


AGENT: Any = {"id": None, "parent_id": None, "type": None, "name": None}


def test_hits_show_no_control_characters() -> None:
    hit: Hit = {
        "session_id": "s",
        "title": "[bold]\x1b[31m",
        "exchange_id": "e",
        "turn": 3,
        "agent": AGENT,
        "project": None,
        "model": None,
        "started_at": "2026-01-31T09:30:00.000Z",
        "part": "result",
        "snippet": "a needle \x1b]0;x\x07",
        "marks": [(2, 8)],
        "cursor": 1,
    }
    text = shown(tables.hits([hit]))
    assert "[bold]" in text
    assert "turn 3 · main · result" in text
    assert not {"\x1b", "\x07"} & set(text)


def reason(**fields: Any) -> Reason:
    found: Any = {
        "exchange_id": "e" * 32,
        "previous_id": None,
        "agent": AGENT,
        "started_at": "2026-01-31T09:30:00.000Z",
        "verdict": "miss",
        "cause": "system",
        "text": "system block 1 changed",
        "part": "system",
        "index": 1,
        "same": {},
        "changed": {},
        "diff": [
            {"part": "system", "kind": "changed", "index": 1, "name": "[red]", "diff": ["- old", "+ new"]}
        ],
        "gap_s": 1.0,
        "lifetime_s": 300.0,
        "expected_tokens": 100,
        "read_tokens": 0,
        "written_tokens": 100,
        "missed_tokens": 100,
        "cost_usd": 0.5,
    }
    found.update(fields)
    whole: Reason = found
    return whole


def test_reasons() -> None:
    text = shown(tables.reasons([reason()], details=True, hits=True))
    assert "system: system block 1 changed" in text
    assert "system 1 changed: [red]" in text
    assert "- old" in text
    session = shown(tables.reasons([reason(), reason(verdict="hit", cause=None)], details=False, hits=False))
    assert "1 of 2 requests missed the cache; $0.5000 more" in session


def test_a_context_adds_up_what_is_left_out() -> None:
    tools = [{"name": f"mcp__srv__t{n}", "description": "x" * 50} for n in range(10)]
    text = shown(tables.context_table(context({"tools": tools}, 1000), 3))
    assert "others" in text
    assert "1,000" in text
    assert "MCP server srv: 1,000 tokens" in text


def test_a_difference() -> None:
    found: Difference = {
        "a": "a" * 32,
        "b": "b" * 32,
        "params": {"max_tokens": [5, None]},
        "same": {"tools": 1, "system": 2, "messages": 3},
        "changes": [{"part": "tools", "kind": "added", "index": 4, "name": "New", "diff": []}],
    }
    text = shown(tables.difference(found))
    assert "max_tokens: 5 → null" in text
    assert "tools 4 added: New" in text


def test_misses_by_cause() -> None:
    total: Any = {"misses": 2, "missed_tokens": 40_000, "cost_usd": 0.46, "unpriced": 1}
    found: Any = {
        **total,
        "since": None,
        "until": None,
        "project": None,
        "requests": 9,
        "causes": [{"cause": "expired", **total}],
        "sessions": [{"session_id": "1111", "title": "a title", **total}],
    }
    text = shown(tables.misses(found))
    assert "expired" in text
    assert "40.0k" in text
    assert "$0.4600+?" in text
    assert "a title" in text
    assert text.rstrip().endswith("2 of 9 requests missed the cache; $0.4600+? more")


def test_a_reason_without_room_stands_below_and_whole() -> None:
    text = "9 min passed, what was cached lives for 5; 12.3k of tools and system were kept warm by others"
    one = reason(text=text, cause="expired")
    wide = shown(tables.reasons([one], details=False, hits=True))
    assert len(wide.splitlines()) == 3
    out = io.StringIO()
    Console(file=out, width=60, highlight=False, emoji=False).print(
        tables.reasons([one, one], details=False, hits=True)
    )
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert max(map(len, lines)) <= 60
    assert lines[1].split()[1] == "e" * 16
    assert " ".join(" ".join(lines[2:4]).split()) == f"expired: {text}"
    assert lines[4].split()[1] == "e" * 16
