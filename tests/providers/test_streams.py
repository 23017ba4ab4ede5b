"""Odd streams of every format, through the real proxy: what the client gets, and what is recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Proxy
from tests.providers.asking import EVENTS, LINES, PLAIN, answered, ask, body, events, lines
from tests.upstream import Provider, raw

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "streams.json").read_text())
NAMES = {"openai/*": "chat", "hosted_vllm/*": "vllm", "gemini/*": "gemini", "ollama_chat/*": "ollama"}
# Whoever speaks chat completions may answer so, and LiteLLM reads each with other code.
CHAT = ("chat", "vllm", "groq", "dashscope")
BASH = {"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}
READ = {"type": "tool_use", "name": "Read", "input": {"file_path": "/x"}}


def chunk(delta: Any, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
        **more,
    }


def google(*parts: Any, **more: Any) -> dict[str, Any]:
    counted = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **more}
    return {"candidates": [candidate], "usageMetadata": counted}


def item(number: int, block: dict[str, Any]) -> dict[str, Any]:
    told = {"name": block["name"], "arguments": json.dumps(block["input"]), "status": "completed"}
    return {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", **told}


def responses(*listed: dict[str, Any], output: list[Any] | None = None) -> list[dict[str, Any]]:
    shell = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "tools": []}
    shell |= {"parallel_tool_calls": True, "tool_choice": "auto", "error": None, "status": "in_progress"}
    begun = {"type": "response.created", "response": shell}
    if output is None:
        return [begun, *listed]
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    whole = {**shell, "status": "completed", "output": output, "usage": usage}
    return [begun, *listed, {"type": "response.completed", "response": whole}]


def of(kind: str, number: int, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "output_index": number, "item_id": f"fc_{number}", **more}


CALLED = [
    of("output_item.added", n, item={**item(n, b), "arguments": ""}) for n, b in enumerate((BASH, READ))
]
DONE = [of("output_item.done", n, item=item(n, b)) for n, b in enumerate((BASH, READ))]
BOTH = [item(0, BASH), item(1, READ)]
TOLD = [of("function_call_arguments.done", n, arguments=BOTH[n]["arguments"]) for n in (0, 1)]
GOOGLES = [{"functionCall": {"name": block["name"], "args": block["input"]}} for block in (BASH, READ)]
# name: (model, kind, chunks, content, stop reason)
RIGHT: dict[str, tuple[str, str, list[bytes], list[dict[str, Any]], str]] = {
    "responses: arguments in done": (
        "responses",
        EVENTS,
        events(*responses(CALLED[0], TOLD[0], DONE[0], CALLED[1], TOLD[1], DONE[1], output=BOTH)),
        [BASH, READ],
        "tool_use",
    ),
    "responses: everything at the end": (
        "responses",
        EVENTS,
        events(*responses(output=BOTH)),
        [BASH, READ],
        "tool_use",
    ),
    "responses: interleaved": (
        "responses",
        EVENTS,
        events(*responses(*CALLED, *TOLD[::-1], *DONE[::-1], output=BOTH)),
        [BASH, READ],
        "tool_use",
    ),
    "responses: one piece": (
        "responses",
        PLAIN,
        [json.dumps(responses(output=BOTH)[-1]["response"]).encode()],
        [BASH, READ],
        "tool_use",
    ),
    "responses: refusal": (
        "responses",
        EVENTS,
        events(*responses(output=[{"type": "message", "id": "m", "role": "assistant", "status": "completed",
                                   "content": [{"type": "refusal", "refusal": "I cannot"}]}])),
        [{"type": "text", "text": "I cannot"}],
        "refusal",
    ),
    "gemini: thought, text and calls": (
        "gemini",
        EVENTS,
        events(google({"thought": True, "text": "hm"}, {"text": "so"}, *GOOGLES, finishReason="STOP")),
        [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "so"}, BASH, READ],
        "tool_use",
    ),
    "gemini: an array": (
        "gemini",
        PLAIN,
        [json.dumps([google({"text": "a"}), google({"text": "b"}, finishReason="STOP")]).encode()],
        [{"type": "text", "text": "ab"}],
        "end_turn",
    ),
    "ollama: tags": (
        "ollama",
        LINES,
        lines(
            *({"model": "m", "message": {"content": text}, "done": False}
              for text in ("<th", "ink>hm</think>", "a")),
            {"model": "m", "message": {"content": ""}, "done": True, "prompt_eval_count": 3, "eval_count": 4},
        ),
        [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}],
        "end_turn",
    ),
}  # fmt: skip
# name: (model, kind, chunks, status of the provider, status that the client gets, words)
REFUSED: dict[str, tuple[str, str, list[bytes], int, int, str]] = {
    "gemini before the stream": (
        "gemini",
        PLAIN,
        [json.dumps({"error": {"code": 429, "message": "Quota"}}).encode()],
        429,
        429,
        "Quota",
    ),
    "gemini refuses the request": (
        "gemini",
        PLAIN,
        [b'{"error": {"message": "bad field"}}'],
        400,
        400,
        "bad field",
    ),
    "gemini is busy": ("gemini", PLAIN, [b'{"error": {"message": "busy"}}'], 503, 503, "busy"),
    "gemini inside": (
        "gemini",
        EVENTS,
        events({"error": {"code": 503, "message": "busy"}}),
        200,
        503,
        "busy",
    ),
    "ollama inside": ("ollama", LINES, lines({"error": "runner stopped"}), 200, 500, "runner stopped"),
    "responses inside": (
        "responses",
        EVENTS,
        events(*responses({"type": "error", "code": "context_length_exceeded", "message": "too long"})),
        200,
        400,
        "too long",
    ),
    **{
        f"{model} inside, after the role": (
            model,
            EVENTS,
            events(chunk({"role": "assistant"}), {"error": {"message": "busy", "type": "overloaded"}}),
            200,
            529,
            "busy",
        )
        for model in CHAT
    },
}
BROKEN: dict[str, tuple[str, str, list[bytes]]] = {
    "responses": ("responses", EVENTS, events(*responses(CALLED[0]))),
    "ollama": ("ollama", LINES, lines({"model": "m", "message": {"content": "Hel"}, "done": False})),
    "gemini, at once": ("gemini", EVENTS, []),
    **{model: (model, EVENTS, events(chunk({"content": "Hel"}))) for model in CHAT},
}
WORDS = {
    "chat": events(chunk({"content": "Hel"}), {"error": {"message": "Their words", "code": 503}}),
    "gemini": events(google({"text": "Hel"}), {"error": {"message": "Their words", "code": 503}}),
    "ollama": lines({"model": "m", "message": {"content": "Hel"}, "done": False}, {"error": "Their words"}),
    "responses": events(*responses(CALLED[0], {"type": "error", "message": "Their words"})),
}


@pytest.mark.parametrize("name", CASES)
def test_the_message_that_was_meant(name: str, formats: Proxy, upstream: Provider) -> None:
    case, right = CASES[name], CASES[name]["right"]
    kind = {"json": PLAIN, "ndjson": LINES}.get(case.get("format", ""), EVENTS)
    chunks = lines(*case["chunks"]) if kind != EVENTS else events(*case["chunks"])
    answered(upstream, *chunks, *([b"data: [DONE]\n\n"] if case["done"] else []), kind=kind)
    asked = ask(formats, body(NAMES[case["model"]]))
    if right == "error":
        assert asked.status is None
        assert (asked.record.status, asked.record.usage, asked.record.stop_reason) == ("error", None, None)
        return
    if isinstance(right, str):
        assert (asked.status, asked.headers["retry-after"], asked.record.status) == (429, "7", "error")
        assert "message_start" not in asked.text
        assert "Rate limit exceeded" in asked.text
        return
    assert (asked.status, asked.record.status, asked.content) == (200, "ok", right["content"])
    assert asked.record.stop_reason == right["stop_reason"]
    if "recorded_usage" in right:
        assert asked.record.usage is None
        assert asked.record.cost.usd is None
        assert any("estimated" in note for note in asked.record.adapted)
    else:
        assert asked.record.usage is not None
        assert asked.record.usage.input_tokens == 100


@pytest.mark.parametrize("name", RIGHT)
def test_other_formats(name: str, formats: Proxy, upstream: Provider) -> None:
    model, kind, chunks, content, reason = RIGHT[name]
    answered(upstream, *chunks, kind=kind)
    asked = ask(formats, body(model))
    assert (asked.status, asked.record.status, asked.content) == (200, "ok", content), asked.text
    assert asked.record.stop_reason == reason
    assert asked.record.usage is not None


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_keeps_its_status_and_words(name: str, formats: Proxy, upstream: Provider) -> None:
    model, kind, chunks, status, right, words = REFUSED[name]
    answered(upstream, *chunks, kind=kind, status=status)
    asked = ask(formats, body(model))
    assert (asked.status, asked.headers["retry-after"]) == (right, "7")
    error = json.loads(asked.text)
    assert (error["type"], error["error"]["message"]) == ("error", words)
    assert (asked.record.status, asked.record.http_status) == ("error", right)


@pytest.mark.parametrize("name", BROKEN)
def test_an_end_that_nobody_told(name: str, formats: Proxy, upstream: Provider) -> None:
    model, kind, chunks = BROKEN[name]
    answered(upstream, *chunks, kind=kind)
    asked = ask(formats, body(model))
    assert asked.status is None
    assert (asked.record.status, asked.record.usage) == ("error", None)
    assert "ended without its last event" in str(asked.record.error)


@pytest.mark.parametrize("model", WORDS)
def test_an_error_in_the_middle_keeps_its_words(model: str, formats: Proxy, upstream: Provider) -> None:
    answered(upstream, *WORDS[model], kind=LINES if model == "ollama" else EVENTS)
    asked = ask(formats, body(model))
    assert asked.status == 200
    assert '"message":"Their words"' in asked.text
    assert "message_stop" not in asked.text
    assert asked.record.status == "error"
    assert "Their words" in str(asked.record.error)


@pytest.mark.parametrize("model", ["chat", "gemini", "ollama", "responses"])
def test_an_answer_in_one_piece_that_tells_no_usage(model: str, formats: Proxy, upstream: Provider) -> None:
    hi = {"content": [{"type": "output_text", "text": "Hi", "annotations": []}]}
    spoken = {"type": "message", "id": "m", "role": "assistant", "status": "completed", **hi}
    bodies: dict[str, Any] = {
        "chat": {"id": "c", "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]},
        "gemini": {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]},
        "ollama": {"model": "m", "message": {"role": "assistant", "content": "Hi"}, "done": True},
        "responses": {**responses(output=[spoken])[-1]["response"], "usage": None},
    }
    whole = json.dumps(bodies[model]).encode()
    upstream.play(lambda _: raw(whole, headers=(("content-type", PLAIN),)))
    asked = ask(formats, body(model, stream=False))
    assert (asked.status, asked.content) == (200, [{"type": "text", "text": "Hi"}]), asked.text
    assert (asked.record.status, asked.record.usage, asked.record.cost.usd) == ("ok", None, None)
