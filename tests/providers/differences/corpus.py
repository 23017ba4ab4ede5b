"""What is asked and answered: the conformance cases, the providers' streams, bodies as clients send them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conformance import cases as conformance
from tests.e2e.test_translation import request as todays
from tests.providers.asking import EVENTS, LINES, PLAIN, events, lines
from tests.providers.asking import body as usual
from tests.providers.test_requests import ALSO, CLAUDES, IMAGE, SEARCH
from tests.providers.test_streams import BROKEN, CASES, NAMES, REFUSED, RIGHT, WORDS
from tests.upstream import Reply, raw, say, text, thinking, tool_use

# The name asked for of each format that a provider may speak.
FORMATS = {
    "anthropic": "claude-sonnet-4-5-20250929",
    "chat": "vllm",
    "openai": "gpt",
    "responses": "responses",
    "gemini": "gemini",
    "ollama": "ollama",
    "deepseek": "deepseek",
}
SPEAKS = {"groq": "chat", "dashscope": "chat", "vllm": "chat", "gpt-blind": "openai"}
COUNT = "/v1/messages/count_tokens"
MESSAGES = "/v1/messages"
STAMPED = {"type": "thinking", "thinking": "of another", "signature": "claude-lens:openai/other"}


@dataclass(frozen=True, slots=True)
class Case:
    """One request to a model whose provider speaks ``format``, and what that provider answers."""

    name: str
    format: str
    body: dict[str, Any]
    reply: Reply
    path: str = MESSAGES
    headers: tuple[tuple[str, str], ...] = ()
    also: frozenset[str] = ALSO


def table() -> list[Case]:
    """Every case."""
    return [*_requests(), *_streams(), *_counts()]


def sample() -> list[Case]:
    """A case of each kind of request and stream, few enough to run with the other tests."""
    names = (
        "plain streamed request",
        "today's shapes",
        "thinking of three makers",
        "a search",
        "two whole calls in one chunk",
        "ends cleanly in text",
        "gemini is busy",
        "count_tokens",
    )
    found = [case for case in table() if case.name in names]
    assert {case.name for case in found} == set(names)
    return found


def _bodies() -> dict[str, dict[str, Any]]:
    """Requests by name; the model is put in later."""
    told = {
        case.name: json.loads(case.sent.body)
        for case in conformance.requests()
        if case.sent.body and case.sent.target.startswith(MESSAGES)
    }
    first = usual("")["messages"]
    call = {"type": "tool_use", "id": "toolu_01A", "name": "Bash", "input": {"command": "ls"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_01A", "content": "x"}
    thought = [CLAUDES, STAMPED, {"type": "text", "text": "so"}, call]
    search = [{"role": "user", "content": "Perform a web search for the query: red pandas"}]
    more = {
        "today's shapes": todays(),
        "thinking of three makers": usual(
            "",
            messages=[
                *first,
                {"role": "assistant", "content": thought},
                {"role": "user", "content": [result]},
            ],
        ),
        "an image": usual("", messages=[{"role": "user", "content": [IMAGE]}]),
        "a search": usual("", tools=[SEARCH], messages=search),
        "a search beside tools": usual("", tools=[*usual("")["tools"], SEARCH]),
        "a choice of tool": usual("", tool_choice={"type": "tool", "name": "Bash"}),
        "no parallel calls": usual("", tool_choice={"type": "auto", "disable_parallel_tool_use": True}),
        "an effort": usual("", output_config={"effort": "high"}, thinking={"type": "adaptive"}),
        "a budget": usual("", thinking={"type": "enabled", "budget_tokens": 4096}, max_tokens=8192),
        "stop sequences": usual("", stop_sequences=["END"], temperature=0.5, top_p=0.9),
        "a form for the answer": usual("", output_format=_form()),
    }
    return {**told, **more}


def _form() -> dict[str, Any]:
    shape = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    return {"type": "json_schema", "schema": {**shape, "additionalProperties": False}}


def _requests() -> Iterator[Case]:
    answer = say(thinking("well"), text("so"), tool_use("Bash", {"command": "ls"}))
    headers = tuple(pair for pair in conformance.CLIENT if pair[0].lower() not in ("content-type", "accept"))
    for form, model in FORMATS.items():
        for name, body in _bodies().items():
            yield Case(name, form, {**body, "model": model}, answer, headers=headers)
        for name in ("plain streamed request", "today's shapes"):
            whole = {**_bodies()[name], "model": model, "stream": False}
            yield Case(f"{name}, not streamed", form, whole, answer, headers=headers)
    yield Case("an image", "openai", {**_bodies()["an image"], "model": "gpt-blind"}, answer)


def _streams() -> Iterator[Case]:
    for name, case in CASES.items():
        kind = {"json": PLAIN, "ndjson": LINES}.get(case.get("format", ""), EVENTS)
        chunks = lines(*case["chunks"]) if kind != EVENTS else events(*case["chunks"])
        # LiteLLM alone asks `openai/*` in another format than the stream is in.
        model = {"chat": "vllm"}.get(NAMES[case["model"]], NAMES[case["model"]])
        yield _answered(name, model, [*chunks, *([b"data: [DONE]\n\n"] if case["done"] else [])], kind)
    for name, (model, kind, chunks, *_) in RIGHT.items():
        yield _answered(name, model, chunks, kind)
    for name, (model, kind, chunks, status, *_) in REFUSED.items():
        if model != "chat":
            yield _answered(name, model, chunks, kind, status=status)
    for name, (model, kind, chunks) in BROKEN.items():
        if model != "chat":
            yield _answered(f"cut: {name}", model, chunks, kind)
    for model, chunks in WORDS.items():
        kind = LINES if model == "ollama" else EVENTS
        yield _answered(f"an error in the middle: {model}", {"chat": "vllm"}.get(model, model), chunks, kind)


def _answered(name: str, model: str, chunks: list[bytes], kind: str, **more: Any) -> Case:
    reply = raw(*chunks, headers=(("content-type", kind), ("retry-after", "7")), **more)
    return Case(name, SPEAKS.get(model, model), usual(model), reply)


def _counts() -> Iterator[Case]:
    for form, model in {**FORMATS, "llama": "llama"}.items():
        asked = {name: usual(model)[name] for name in ("model", "messages", "tools")}
        yield Case("count_tokens", "chat" if form == "llama" else form, asked, say(text("so")), COUNT)
