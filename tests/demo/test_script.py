import json
from typing import Any

from claude_lens.demo import script

TOOLS = [{"name": "Agent"}, {"name": "Bash"}]


def body(turns: int, tools: list[dict[str, str]] = TOOLS) -> dict[str, Any]:
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}] * turns
    return {"model": "m", "tools": tools, "messages": [*messages, {"role": "user", "content": "z"}]}


def test_the_main_agent_spawns_then_looks_then_sums_up() -> None:
    kinds = [[b.get("name", b["type"]) for b in script.blocks(body(turn), None, False)] for turn in range(4)]
    assert kinds == [["text", "Agent"], ["Bash"], ["text"], ["text"]]
    older = script.blocks(body(0, [{"name": "Task"}]), None, False)
    assert older[1]["name"] == "Task"
    assert older[1]["input"]["prompt"] == script.TASK


def test_the_helper_counts() -> None:
    assert [script.blocks(body(turn), "a1", False)[0]["type"] for turn in range(2)] == ["tool_use", "text"]


def test_titles_use_no_tool() -> None:
    assert [b["type"] for b in script.blocks(body(0), None, True)] == ["text"]
    assert [b["type"] for b in script.blocks(body(0, []), None, False)] == ["text"]


def test_usage_adds_up_to_the_prompt() -> None:
    for size, before in ((4000, 0), (4400, 4000), (8, 8), (1, 0)):
        counted = script.usage(size, before, [])
        names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        assert sum(counted[name] for name in names) == max(size // 4, 1)
        assert min(counted[name] for name in names) >= 0


def test_the_stream_stands_for_the_message() -> None:
    said = script.blocks(body(0), None, False)
    whole = script.message(body(0), said, script.usage(4000, 0, said), 1)
    assert whole["stop_reason"] == "tool_use"
    events = list(script.events(whole))
    assert [name for name, _ in events][:2] == ["message_start", "ping"]
    assert events[-1][0] == "message_stop"
    parts: dict[int, str] = {}
    for name, data in events:
        if name == "content_block_delta":
            delta = data["delta"]
            parts[data["index"]] = parts.get(data["index"], "") + delta.get(
                "text", delta.get("partial_json", "")
            )
    assert parts[0] == whole["content"][0]["text"]
    assert json.loads(parts[1]) == whole["content"][1]["input"]
    assert script.encode(("ping", {})) == b'event: ping\ndata: {"type": "ping"}\n\n'
    ids = {script.message(body(0), said, {}, number)["content"][1]["id"] for number in (1, 2)}
    assert len(ids) == 2
