"""Google's Gemini API, streamed and not, from the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.upstream.anthropic import dump
from tests.upstream.blocks import FEW, Block, Tokens, cut
from tests.upstream.server import Answer, Received


def speaks(path: str) -> bool:
    """Whether a path is one of Gemini's."""
    return path.endswith((":generateContent", ":streamGenerateContent"))


def answer(request: Received, blocks: Sequence[Block], tokens: Tokens = FEW) -> Answer:
    """A response in the form asked for."""
    parts = [part for block in blocks for part in _parts(block)]
    if not request.path.endswith(":streamGenerateContent"):
        whole = _response(parts, tokens, last=True)
        return Answer(200, (("content-type", "application/json"),), (dump(whole),), "length")
    chunks = [_response([part], tokens, last=part is parts[-1]) for part in parts]
    stream = [b"data: " + dump(chunk) + b"\r\n\r\n" for chunk in chunks]
    return Answer(200, (("content-type", "text/event-stream"),), stream)


def problem(body: Any) -> str | None:
    """What Gemini has against a request; None if nothing. Source: its REST reference."""
    known = ("contents", "tools", "toolConfig", "tool_config", "systemInstruction", "system_instruction")
    more = ("generationConfig", "safetySettings", "cachedContent", "labels")
    foreign = set(body) - {*known, *more}
    if foreign:
        return f"fields {sorted(foreign)}"
    roles = [content.get("role") for content in body["contents"]]
    return None if set(roles) <= {"user", "model", "function"} else f"roles {roles}"


def _parts(block: Block) -> list[dict[str, Any]]:
    if block.kind == "tool_use":
        return [{"functionCall": {"name": block.name, "args": dict(block.input)}}]
    if block.kind == "text":
        return [{"text": piece} for piece in cut(block.text, block.pieces)]
    return [{"text": block.text, "thought": True}]


def _response(parts: list[dict[str, Any]], tokens: Tokens, *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    prompt = tokens.openai()["prompt_tokens"]
    counted = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": tokens.output,
        "totalTokenCount": prompt + tokens.output,
        "cachedContentTokenCount": tokens.cache_read,
    }
    made = {"candidates": [candidate], "modelVersion": "gemini-test", "usageMetadata": counted}
    if last:
        candidate["finishReason"] = "STOP"
    return made
