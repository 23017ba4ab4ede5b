"""Event streams as Anthropic's API sends them, for messages of our own making."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

from claude_lens.exact import dump


def stream_of(message: Mapping[str, Any], seed: int = 1) -> bytes:
    """``message`` as the API streams it: a ping, deltas of about four tokens, a signature, the usage last."""
    rng = random.Random(seed)
    told = {name: message[name] for name in ("stop_reason", "stop_sequence") if name in message}
    bare = {**message, "content": [], **dict.fromkeys(told)}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": bare}]
    for index, block in enumerate(message["content"]):
        start, deltas = _block(block, rng)
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        if not index:
            events.append({"type": "ping"})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    usage = {"usage": message["usage"]} if "usage" in message else {}
    events += [{"type": "message_delta", "delta": told, **usage}, {"type": "message_stop"}]
    return b"".join(b"event: %s\ndata: %s\n\n" % (one["type"].encode(), dump(one)) for one in events)


def _block(block: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    kind = block["type"]
    if kind == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _cut(block["thinking"], rng)]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {**block, "thinking": "", "signature": ""}, deltas
    if kind == "text":
        pieces = _cut(block["text"], rng)
        return {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]
    if kind == "tool_use":
        # The model writes its own JSON, with spaces; the first delta is empty.
        words = ["", *_cut(json.dumps(block["input"], ensure_ascii=False), rng)]
        return {**block, "input": {}}, [
            {"type": "input_json_delta", "partial_json": piece} for piece in words
        ]
    return block, []


def _cut(text: str, rng: random.Random) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = at + max(1, round(rng.gauss(16, 6)))
        yield text[at:end]
        at = end
