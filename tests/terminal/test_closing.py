from typing import Any, cast

from claude_lens.terminal import closing

USAGE = {
    "input_tokens": 1_000,
    "output_tokens": 8_100,
    "cache_read_input_tokens": 400_000,
    "cache_creation_input_tokens": 11_000,
}


def agent(ident: str | None, name: str | None, usd: float | None) -> Any:
    return {"id": ident, "name": name, "type": None, "cost_usd": usd}


def tool(name: str, calls: int, errors: int) -> Any:
    return {"tool": name, "calls": calls, "errors": errors}


def told(agents: list[Any], tools: list[Any], **session: Any) -> closing.Closing:
    base = {"id": "0123456789", "exchanges": 14, "cost_usd": 0.82, "unpriced": 0, "usage": USAGE}
    rows = closing.by_name(agents)
    return cast("closing.Closing", {"session": {**base, **session}, "agents": rows, "tools": tools})


def test_four_lines() -> None:
    agents = [
        agent("a", "scanner", 0.1),
        agent("b", "scanner", 0.2),
        agent(None, None, 0.5),
        agent("c", "x", None),
    ]
    lines = closing.lines(
        told(agents, [tool("Bash", 20, 1), tool("Edit", 3, 2), tool("Read", 1, 0)]), 192_000
    )
    assert lines == [
        "14 requests of 4 agents in 3 m 12 s: 412.0k tokens in (97 % from the cache), 8100 out",
        "$0.8200: main $0.5000, scanner (2) $0.3000, x ?",
        "24 tool calls, 3 failed: Bash 1, Edit 2",
        "look: lensctl open 01234567 (in the browser), lensctl show 01234567",
    ]


def test_many_agents_and_no_tools() -> None:
    agents = [agent(None, None, 0.1), *(agent(str(n), f"agent {n}", 0.01 * n) for n in range(1, 9))]
    lines = closing.lines(told(agents, [], exchanges=1), None)
    assert lines[0].startswith("1 request of 9 agents in -: ")
    assert lines[1].endswith("agent 8 $0.0800, agent 7 $0.0700, agent 6 $0.0600, 5 more")
    assert lines[2] == "no tool was called"
    assert closing.lines(told(agents, [tool("Bash", 1, 0)]), None)[2] == "1 tool call, none failed"
