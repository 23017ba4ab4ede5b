"""What the demo's provider says: a main agent that sends a helper out, then sums up. Pure functions.

Which answer a request gets follows from the request alone: who asks (header), and how often the model has
spoken in this conversation already.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

PROMPT = "What is in this folder? Send a helper to count the notes."
TASK = "Count the files in the folder notes and say how many there are."
Block = dict[str, Any]
Event = tuple[str, dict[str, Any]]


def blocks(body: Mapping[str, Any], agent: str | None, auxiliary: bool) -> list[Block]:
    """The content blocks of the answer. ``agent``: the subagent that asks; ``auxiliary``: a title or such."""
    tools = [tool.get("name") for tool in body.get("tools") or []]
    turn = sum(message.get("role") == "assistant" for message in body.get("messages", []))
    if auxiliary or not tools:
        return [_text("Notes in a folder")]
    if agent is not None:
        return (
            [_tool("Bash", command="ls notes | wc -l", description="Count the notes")]
            if turn == 0
            else [_text("There are 3 notes.")]
        )
    spawn = "Agent" if "Agent" in tools else "Task"
    steps = [
        [
            _text("I will have a helper count the notes."),
            _tool(
                spawn,
                description="Count the notes",
                prompt=TASK,
                subagent_type="general-purpose",
                run_in_background=False,
            ),
        ],
        [_tool("Bash", command="ls -p", description="List the folder")],
    ]
    return steps[turn] if turn < len(steps) else [_text("The folder holds a README and 3 notes.")]


def usage(size: int, before: int, said: list[Block]) -> dict[str, Any]:
    """Token counts like a provider's: ``size`` bytes of request, ``before`` of them cached earlier."""
    prompt, cached = max(size // 4, 1), before // 4
    written = max(prompt - cached - 12, 0)
    return {
        "input_tokens": prompt - cached - written,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": max(len(json.dumps(said)) // 4, 1),
        "service_tier": "standard",
    }


def message(
    body: Mapping[str, Any], said: list[Block], counted: Mapping[str, Any], number: int
) -> dict[str, Any]:
    """The whole answer as one message; ``number`` makes its ids unlike those of other answers."""
    content = [
        {**block, "id": _id("toolu_01", number, block)} if block["type"] == "tool_use" else block
        for block in said
    ]
    return {
        "id": _id("msg_01", number, body.get("model")),
        "type": "message",
        "role": "assistant",
        "model": body.get("model") or "claude-sonnet-4-5-20250929",
        "content": content,
        "stop_reason": "tool_use" if any(block["type"] == "tool_use" for block in said) else "end_turn",
        "stop_sequence": None,
        "usage": dict(counted),
    }


def events(whole: Mapping[str, Any]) -> Iterator[Event]:
    """The same message as a stream: start, ping, blocks in pieces, delta, stop."""
    first = {**whole["usage"], "output_tokens": 1}
    yield "message_start", {"message": {**whole, "content": [], "stop_reason": None, "usage": first}}
    yield "ping", {}
    for index, block in enumerate(whole["content"]):
        if block["type"] == "text":
            yield "content_block_start", {"index": index, "content_block": {"type": "text", "text": ""}}
            for piece in _pieces(block["text"]):
                yield "content_block_delta", {"index": index, "delta": {"type": "text_delta", "text": piece}}
        else:
            yield "content_block_start", {"index": index, "content_block": {**block, "input": {}}}
            for piece in _pieces(json.dumps(block["input"])):
                delta = {"type": "input_json_delta", "partial_json": piece}
                yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield "message_delta", {"delta": end, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}
    yield "message_stop", {}


def encode(event: Event) -> bytes:
    """An event as server-sent bytes."""
    name, data = event
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _tool(name: str, **arguments: Any) -> Block:
    return {"type": "tool_use", "name": name, "input": arguments}


def _id(prefix: str, number: int, seed: object) -> str:
    return prefix + hashlib.sha256(f"{number} {json.dumps(seed)}".encode()).hexdigest()[:22]


def _pieces(text: str) -> list[str]:
    return [text[start : start + 12] for start in range(0, len(text), 12)]
