"""OpenAI's Responses streams."""

from __future__ import annotations

import json
from typing import Any

from claude_lens.wire.responses import fold


def stream(*events: dict[str, Any]) -> bytes:
    """The events as OpenAI sends them."""
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (str(e["type"]).encode(), json.dumps(e).encode()) for e in events
    )


CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "gpt-5", "output": []}}
ITEM = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]}
USAGE = {"input_tokens": 12, "output_tokens": 34}
DONE = {"type": "response.completed", "response": {"id": "resp_1", "output": [ITEM], "usage": USAGE}}


def test_the_last_event_is_the_response() -> None:
    assert fold(stream(CREATED, DONE)) == (DONE["response"], True)
    incomplete = {**DONE, "type": "response.incomplete"}
    assert fold(stream(CREATED, incomplete, CREATED)) == (DONE["response"], True)


def test_of_a_cut_stream_what_came() -> None:
    text = {"type": "response.output_text.delta", "output_index": 1, "delta": "he"}
    call = {"type": "function_call", "name": "run", "arguments": ""}
    events = (
        CREATED,
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "hm"},
        text,
        {**text, "delta": "llo"},
        {"type": "response.output_item.added", "output_index": 2, "item": call},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"a"'},
        {"type": "response.refusal.delta", "output_index": 3, "delta": "no"},
        {"type": "response.of.tomorrow", "output_index": "x", "delta": 7},
    )
    response, whole = fold(stream(*events))
    assert response is not None
    assert (response["id"], whole) == ("resp_1", False)
    reasoning, message, function, refusal = response["output"]
    assert reasoning["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert message["content"] == [{"type": "output_text", "text": "hello"}]
    assert (function["name"], function["arguments"]) == ("run", '{"a"')
    assert refusal["content"] == [{"type": "refusal", "refusal": "no"}]


def test_every_cut_of_a_stream() -> None:
    whole = stream(CREATED, {"type": "response.output_item.done", "output_index": 0, "item": ITEM}, DONE)
    for length in range(len(whole)):
        response, complete = fold(whole[:length])
        assert not complete
        assert response is None or response["output"] in ([], [ITEM])


def test_errors_are_kept() -> None:
    error = {"type": "error", "error": {"code": "context_length_exceeded", "message": "too long"}}
    response, whole = fold(stream(CREATED, error))
    assert response is not None
    assert (response["id"], response["error"], whole) == ("resp_1", error["error"], False)
    alone, _ = fold(stream({"type": "error", "code": "x", "message": "no"}))
    assert alone == {"object": "response", "output": [], "error": {"code": "x", "message": "no"}}
    failed = {"type": "response.failed", "response": {"error": {"message": "theirs"}}}
    assert fold(stream(error, failed)) == ({"error": {"message": "theirs"}}, True)
    assert fold(b"") == (None, False)
    assert fold(b"data: nonsense\n\n") == (None, False)
