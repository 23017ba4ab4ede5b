import io

from rich.console import Console, RenderableType

from claude_lens.store.reading.forms import AgentTotals, Exchange, Session, Summary, Usage
from claude_lens.terminal import render

USAGE: Usage = {
    "input_tokens": 10,
    "output_tokens": 5,
    "cache_read_input_tokens": 90,
    "cache_creation_input_tokens": 0,
}


def drawn(what: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=400, emoji=False).print(what)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def session(**more: object) -> Session:
    made: Session = {
        "id": "s1",
        "title": "A [bold]title\x1b[2J",
        "tags": [],
        "project": "/home/me/x",
        "branch": None,
        "started_at": "2026-01-31T09:30:00.000Z",
        "ended_at": "2026-01-31T09:32:05.000Z",
        "exchanges": 3,
        "agents": 2,
        "cost_usd": 0.02,
        "unpriced": 1,
        "usage": USAGE,
    }
    return {**made, **more}  # type: ignore[typeddict-item]


def agent(ident: str | None, parent: str | None = None, second: int = 0) -> AgentTotals:
    return {
        "id": ident,
        "parent_id": parent,
        "type": "Explore",
        "name": None,
        "description": "look around",
        "started_at": f"2026-01-31T09:30:{second:02d}.000Z",
        "ended_at": None,
        "duration_ms": None,
        "exchanges": 1,
        "cost_usd": None,
        "unpriced": 1,
        "usage": USAGE,
    }


def exchange(ident: str, who: str | None, second: int, **more: object) -> Summary:
    made: Summary = {
        "id": ident * 32,
        "session_id": "s1",
        "prompt_id": None,
        "agent": {"id": who, "parent_id": None, "type": None, "name": None},
        "request_class": "main",
        "endpoint": "/v1/messages",
        "lane": "transparent",
        "status": "ok",
        "http_status": 200,
        "error": None,
        "model": {"requested": "claude-x", "routed": "claude-x", "provider": "anthropic"},
        "project": None,
        "branch": None,
        "started_at": f"2026-01-31T09:30:{second:02d}.000Z",
        "ttfb_ms": 5.0,
        "ttft_ms": 7.0,
        "duration_ms": 1500.0,
        "usage": USAGE,
        "cost_usd": 0.01,
        "cost_parts": [],
        "stop_reason": "end_turn",
        "request_id": "req_1",
    }
    return {**made, **more}  # type: ignore[typeddict-item]


def test_tree_nests_agents_between_the_requests_of_their_parents() -> None:
    agents = [
        agent(None),
        agent("one", second=2),
        agent("two", "one", second=3),
        agent("lost", "gone", second=8),
    ]
    said = [
        exchange("a", None, 1),
        exchange("b", "one", 2),
        exchange("c", "two", 3),
        exchange("d", "one", 4),
        exchange("e", None, 5),
        exchange("f", "lost", 8),
    ]
    lines = drawn(render.session_tree(session(), agents, said)).splitlines()
    assert lines[0] == "A [bold]title [2J"
    assert lines[1].startswith("session s1 · ")
    assert lines[2] == "3 requests · 100 in, 5 out · 90 % cached · $0.0200 + ? · 2 m 5 s"
    shape = [
        (line.index("─ ") // 4, line[line.index("─ ") + 2 :].split()[0], line.split()[-1][:1])
        for line in lines[3:]
    ]
    assert shape == [
        (0, "ok", "a"),
        (0, "Explore", "?"),
        (1, "ok", "b"),
        (1, "Explore", "?"),
        (2, "ok", "c"),
        (1, "ok", "d"),
        (0, "ok", "e"),
        (0, "Explore", "?"),
        (1, "ok", "f"),
    ]
    assert "claude-x  100 in, 5 out  90 % cached  $0.0100  1.5 s  transparent  main" in lines[3]


def test_agents_that_claim_each_other_do_not_hang() -> None:
    agents = [agent(None), agent("one", "two"), agent("two", "one")]
    assert "title" in drawn(render.session_tree(session(), agents, []))


def test_tables() -> None:
    rows = drawn(render.session_table([session(), session(id="s2", ended_at=None, title=None)])).splitlines()
    assert len(rows) == 3
    assert "A [bold]title [2J" in rows[1]
    assert "●" in rows[2]
    failed = exchange("a", None, 1, status="error", http_status=529, usage=None, cost_usd=None)
    shown = drawn(render.exchange_table([failed, exchange("b", "one", 2)]))
    assert "error 529" in shown
    assert "no tokens" in shown
    assert "a" * render.SHORT_ID + " " in shown


def test_names() -> None:
    routed = exchange("a", None, 1, model={"requested": "x", "routed": "y", "provider": None})
    assert render.model(routed) == "x → y"
    assert render.model(exchange("a", None, 1)) == "claude-x"
    names = [("n", "t", "i"), (None, "t", "i"), (None, None, "i"), (None, None, None)]
    found = [render.agent_name({"name": n, "type": t, "id": i}) for n, t, i in names]
    assert found == ["n", "t", "i", "main"]


def test_one_exchange() -> None:
    whole: Exchange = {
        **exchange("a", None, 1),
        "route": {
            "lane_reason": "rule 'reviewers'",
            "rule": "reviewers",
            "evidence": "spawn",
            "class_inferred": True,
            "adapted": ["billing block removed"],
            "requested_cost_usd": None,
        },
        "request": {"headers": {}, "body": {"messages": ["[bold]hi\x1b"]}},
        "response": {"headers": {}, "body": "plain\ntext"},
    }
    shown = drawn(render.exchange_view(whole))
    assert '"[bold]hi\\u001b"' in shown
    assert "plain\ntext" in shown
    assert "90 % cached" in shown
    for told in ("known by: spawn", "main (inferred", "rule 'reviewers'", "billing block removed"):
        assert told in shown
    assert "(none)" in drawn(render.exchange_view({**whole, "response": None}))


def test_tags_are_shown_where_there_are_some() -> None:
    tagged = session(tags=["Bug", "to [bold]do\x1b[2J"])
    assert "tags" not in drawn(render.session_table([session()]))
    for shown in (drawn(render.session_table([tagged])), drawn(render.session_tree(tagged, [], []))):
        assert "tags" in shown
        assert "Bug, to [bold]do" in shown
        assert "\x1b" not in shown
