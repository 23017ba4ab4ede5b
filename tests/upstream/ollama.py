"""Ollama's own API: ``/api/chat`` in lines of JSON, and ``/api/show``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.upstream.anthropic import dump
from tests.upstream.blocks import FEW, Block, Tokens, cut
from tests.upstream.server import Answer, Received

JSON = (("content-type", "application/json"),)
LINES = (("content-type", "application/x-ndjson"),)


def answer(request: Received, blocks: Sequence[Block], tokens: Tokens = FEW) -> Answer:
    """A chat response in the form asked for."""
    messages = [message for block in blocks for message in _messages(block)]
    counts = {"prompt_eval_count": tokens.input, "eval_count": tokens.output}
    end = {"done": True, "done_reason": "stop", **counts}
    if (request.json or {}).get("stream") is False:
        calls = [call for message in messages for call in message.get("tool_calls", [])]
        words = "".join(message["content"] for message in messages)
        whole = {"role": "assistant", "content": words, **({"tool_calls": calls} if calls else {})}
        return Answer(200, JSON, (dump(_line(request, whole) | end),), "length")
    lines = [_line(request, message) for message in messages]
    lines.append(_line(request, {"role": "assistant", "content": ""}) | end)
    return Answer(200, LINES, [dump(line) + b"\n" for line in lines])


def show() -> Answer:
    """What ``/api/show`` tells of a model that can call tools."""
    info = {"general.architecture": "qwen3", "qwen3.context_length": 262144}
    told = {"template": "{{ .Tools }}", "model_info": info, "capabilities": ["completion", "tools"]}
    return Answer(200, JSON, (dump(told),), "length")


def _messages(block: Block) -> list[dict[str, Any]]:
    if block.kind == "tool_use":
        call = {"function": {"name": block.name, "arguments": dict(block.input)}}
        return [{"role": "assistant", "content": "", "tool_calls": [call]}]
    if block.kind == "text":
        return [{"role": "assistant", "content": piece} for piece in cut(block.text, block.pieces)]
    return [{"role": "assistant", "content": "", "thinking": block.text}]


def _line(request: Received, message: dict[str, Any]) -> dict[str, Any]:
    model = (request.json or {}).get("model")
    return {"model": model, "created_at": "2026-01-02T03:04:05Z", "message": message, "done": False}
