"""Gemini's streams."""

from __future__ import annotations

import json
from typing import Any

from claude_lens.wire.gemini import fold


def stream(*chunks: dict[str, Any]) -> bytes:
    """The chunks as Google sends them."""
    return b"".join(b"data: %s\r\n\r\n" % json.dumps(chunk).encode() for chunk in chunks)


def chunk(*parts: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One piece of the answer."""
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": list(parts)}}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})], **more}


def test_text_is_joined_and_calls_stand_alone() -> None:
    call = {"functionCall": {"name": "run", "args": {"a": 1}}}
    usage = {"promptTokenCount": 12, "candidatesTokenCount": 34}
    answer, whole = fold(
        stream(
            chunk({"text": "hm", "thought": True}),
            chunk({"text": "he"}),
            chunk({"text": "llo"}, call),
            chunk({"text": "!", "thoughtSignature": "x"}, finish="STOP", usageMetadata=usage),
        )
    )
    assert whole
    assert answer is not None
    (candidate,) = answer["candidates"]
    assert candidate["content"]["parts"] == [
        {"text": "hm", "thought": True},
        {"text": "hello"},
        call,
        {"text": "!", "thoughtSignature": "x"},
    ]
    assert (candidate["finishReason"], answer["usageMetadata"]) == ("STOP", usage)


def test_cut_and_broken_streams() -> None:
    assert fold(stream(chunk({"text": "he"})))[1] is False
    assert fold(stream({"promptFeedback": {"blockReason": "SAFETY"}}))[1] is True
    assert fold(b"data: nonsense\n\n") == (None, False)
    assert fold(stream({"candidates": [{"content": {"parts": ["odd", {"text": 7}]}}]}))[0] is not None
