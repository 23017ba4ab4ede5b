"""Streams of chat completions made up at random, and what they mean."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

NAMES = ("Bash", "Read", "Edit", "mcp__server__tool")
TEXTS = ("Let me look.", "", 'a "quote" } {', "é\n\U0001f600", "x" * 50)


@dataclass(frozen=True)
class Made:
    """The body, whether it says that it ended, and the message that it means."""

    body: bytes
    ended: bool
    thought: str
    text: str
    calls: list[tuple[str, dict[str, Any]]]


def stream(seed: int) -> Made:
    """One of the kinds of streams that servers send."""
    chance = random.Random(seed)
    calls = [
        (chance.choice(NAMES), {"n": number, "text": chance.choice(TEXTS)})
        for number in range(chance.randint(0, 5))
    ]
    text, thought = chance.choice(TEXTS), chance.choice(("", "hm", "well, then"))
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None}]
    deltas += _spoken(chance, thought, text)
    deltas += _called(chance, calls)
    if not chance.randint(0, 2):
        deltas = _grouped(chance, deltas)
    chunks = [_chunk(delta) for delta in deltas]
    ending = chance.choice(("both", "finish", "done", "in the last"))
    if ending == "in the last":
        chunks[-1]["choices"][0]["finish_reason"] = "stop"
    elif ending != "done":
        chunks.append(_chunk({}, "tool_calls" if calls else "stop"))
    events = [b"data: " + json.dumps(chunk, ensure_ascii=chance.random() < 0.5).encode() for chunk in chunks]
    if ending in ("both", "done"):
        events.append(b"data: [DONE]")
    ended = chance.random() < 0.75
    if not ended:
        last = len(events) - (2 if ending == "both" else 1)
        events = events[: chance.randint(0, last)]
    gap = chance.choice((b"\n\n", b"\r\n\r\n", b"\n\n: comment\n\n"))
    return Made(b"".join(event + gap for event in events), ended, thought, text, calls)


def _spoken(chance: random.Random, thought: str, text: str) -> list[dict[str, Any]]:
    field = chance.choice(("reasoning_content", "reasoning", "tags"))
    if field == "tags":
        whole = (f"<think>{thought}</think>\n" if thought else "") + text
        return [{"content": piece} for piece in _cut(chance, whole)]
    return [
        *({field: piece} for piece in _cut(chance, thought)),
        *({"content": piece} for piece in _cut(chance, text)),
    ]


def _called(chance: random.Random, calls: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    repeated, pieces_of_names = chance.random() < 0.3, chance.random() < 0.2
    whole, indexed = chance.random() < 0.3, chance.random() < 0.8
    queues: list[list[dict[str, Any]]] = []
    for number, (name, arguments) in enumerate(calls):
        index = {"index": number if indexed else 0}
        head = {**index, "id": f"call_{number}", "type": "function"}
        text = json.dumps(arguments)
        if whole:
            queues.append([{**head, "function": {"name": name, "arguments": text}}])
            continue
        names = _cut(chance, name) if pieces_of_names and not repeated else [name]
        queue = [{**head, "function": {"name": names[0], "arguments": ""}}]
        queue += [{**index, "id": f"call_{number}", "function": {"name": piece}} for piece in names[1:]]
        for piece in _cut(chance, text):
            more = {"id": f"call_{number}"} if repeated or not indexed else {}
            function = {"name": name, "arguments": piece} if repeated else {"arguments": piece}
            queue.append({**index, **more, "function": function})
        queues.append(queue)
    ordered: list[dict[str, Any]] = []
    if indexed and chance.random() < 0.5:
        # Announced in their order, then told a piece here and a piece there.
        ordered = [queue.pop(0) for queue in queues]
        while ready := [queue for queue in queues if queue]:
            ordered.append(chance.choice(ready).pop(0))
    else:
        ordered = [call for queue in queues for call in queue]
    return [{"tool_calls": [call]} for call in ordered]


def _grouped(chance: random.Random, deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Several calls in one chunk."""
    grouped: list[dict[str, Any]] = []
    for delta in deltas:
        if grouped and "tool_calls" in delta and "tool_calls" in grouped[-1] and chance.random() < 0.7:
            grouped[-1] = {"tool_calls": [*grouped[-1]["tool_calls"], *delta["tool_calls"]]}
        else:
            grouped.append(delta)
    return grouped


def _cut(chance: random.Random, text: str) -> list[str]:
    pieces = []
    while text:
        size = chance.randint(1, max(1, len(text)))
        pieces.append(text[:size])
        text = text[size:]
    return pieces or [""]


def _chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
