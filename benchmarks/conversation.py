"""A conversation as Claude Code sends it, of any length: the same one for every measurement.

Text is drawn from a vocabulary with the skew of natural language, so that it compresses like text does.
"""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import orjson

from benchmarks.streams import stream_of
from claude_lens.exchange import Cost, Exchange, Headers, Identity, Model, Request, Response, Usage

_SYLLABLES = (
    "ba",
    "re",
    "ti",
    "on",
    "de",
    "lo",
    "mi",
    "ra",
    "se",
    "tu",
    "ver",
    "con",
    "pro",
    "ing",
    "al",
    "en",
)


class Conversation:
    """One session: ``turn`` gives the next request and its answer; every request repeats all before it."""

    def __init__(
        self, seed: int = 1, *, fixed_bytes: int = 45_000, new_bytes: int = 2_000, thinking: int = 0
    ) -> None:
        """``thinking`` characters in each answer, with a signature of 360 that nothing makes smaller."""
        self._random = random.Random(seed)
        self._thinking = thinking
        self._words = [
            "".join(self._random.choices(_SYLLABLES, k=self._random.randint(1, 4))) for _ in range(6000)
        ]
        self._weights = [1 / (rank + 3) for rank in range(len(self._words))]
        self._new = new_bytes
        self._session = f"{self._random.getrandbits(128):032x}"
        self._count = 0
        system, tools = fixed_bytes * 5 // 9, fixed_bytes * 4 // 9 // 20
        self._system = [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=cli;"},
            {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": self.text(system), "cache_control": {"type": "ephemeral"}},
        ]
        self._tools = [
            {"name": f"Tool{index}", "description": self.text(tools), "input_schema": {"type": "object"}}
            for index in range(20)
        ]
        self._messages: list[dict[str, Any]] = [
            {"role": "user", "content": [{"type": "text", "text": self.text(200)}]}
        ]

    def text(self, size: int) -> str:
        """About ``size`` characters of lines of words."""
        words = self._random.choices(self._words, self._weights, k=size // 5)
        for index in range(9, len(words), 10):
            words[index] += "\n"
        return " ".join(words)[:size]

    def say(self, text: str) -> None:
        """Add a prompt with this text, and an answer, to the history."""
        self._add(self._answer()["content"])
        self._messages.append({"role": "user", "content": text})

    def grow(self, turns: int) -> None:
        """Add ``turns`` turns of ``new_bytes`` each to the history."""
        for _ in range(turns):
            self._add(self._answer()["content"])

    def _answer(self) -> dict[str, Any]:
        self._count += 1
        use = {
            "type": "tool_use",
            "id": f"toolu_01{self._random.getrandbits(96):024x}",
            "name": "Bash",
            "input": {"command": self.text(80), "description": self.text(40)},
        }
        thought = {"type": "thinking", "thinking": self.text(self._thinking), "signature": self._signature()}
        return {
            "model": "claude-opus-5-5",
            "id": f"msg_01{self._random.getrandbits(96):024x}",
            "type": "message",
            "role": "assistant",
            "content": [
                *([thought] if self._thinking else []),
                {"type": "text", "text": self.text(self._new // 4)},
                use,
            ],
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 2,
                "cache_read_input_tokens": 40_000 + self._count,
                "output_tokens": 210,
            },
        }

    def _signature(self) -> str:
        return b64encode(self._random.randbytes(270)).decode()

    def _add(self, blocks: list[dict[str, Any]]) -> None:
        self._messages.append({"role": "assistant", "content": blocks})
        rest = self._new - len(orjson.dumps(blocks)) - 180
        result = {"type": "tool_result", "tool_use_id": blocks[-1]["id"], "content": self.text(rest)}
        self._messages.append({"role": "user", "content": [result]})

    def turn(self) -> tuple[bytes, dict[str, Any]]:
        """The next request's body as sent, and its answer, which then becomes history."""
        *history, last = self._messages
        marked = {**last, "content": [{**last["content"][0], "cache_control": {"type": "ephemeral"}}]}
        body = {
            "model": "claude-opus-5-5",
            "messages": [*history, marked],
            "system": self._system,
            "tools": self._tools,
            "metadata": {
                "user_id": orjson.dumps({"device_id": "d" * 64, "session_id": self._session}).decode()
            },
            "max_tokens": 128000,
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": "high"},
            "stream": True,
        }
        answer = self._answer()
        sent = orjson.dumps(body)
        self._add(answer["content"])
        return sent, answer

    def exchanges(self, turns: int) -> Iterator[tuple[Exchange, Exchange]]:
        """Each exchange twice, as a sink sees it: when it arrives and when it has ended."""
        for _ in range(turns):
            sent, answer = self.turn()
            name = f"{self._session[:16]}{self._count:016x}"
            fields: dict[str, Any] = {
                "id": name,
                "worker": "bench:1:1",
                "lane": "transparent",
                "identity": Identity(
                    session_id=self._session,
                    prompt_id=f"prompt-{self._count // 10}",
                    request_class="main",
                    user_id="d" * 64,
                    client="claude-cli/2.1.329 (external, cli)",
                    project="/home/me/project",
                    branch="main",
                ),
                "model": Model(requested="claude-opus-5-5", routed="claude-opus-5-5", provider="anthropic"),
                "started_at": 1_760_000_000.0 + self._count,
                "request": Request(
                    headers=_request_headers(self._session, len(sent)),
                    query="beta=true",
                    body=sent,
                    json=orjson.loads(sent),
                ),
            }
            ended = {
                "status": "ok",
                "http_status": 200,
                "ttfb_ms": self._random.uniform(300, 900),
                "ttft_ms": self._random.uniform(900, 1900),
                "duration_ms": self._random.uniform(2000, 9000),
                "usage": Usage(input_tokens=2, output_tokens=210, cache_read_input_tokens=40_000),
                "cost": Cost(usd=self._random.random(), prices={"input_cost_per_token": 5e-06}),
                "stop_reason": "tool_use",
                "request_id": f"req_01{self._random.getrandbits(96):024x}",
                "response": Response(
                    headers=_response_headers(self._random), body=stream_of(answer, self._count), json=answer
                ),
            }
            yield Exchange(**fields), Exchange(**(fields | ended))


def _request_headers(session: str, length: int) -> Headers:
    return (
        ("accept", "application/json"),
        ("authorization", "Bearer [redacted:3fa9c1]"),
        ("content-type", "application/json"),
        ("user-agent", "claude-cli/2.1.329 (external, cli)"),
        ("x-claude-code-session-id", session),
        ("x-stainless-arch", "x64"),
        ("x-stainless-lang", "js"),
        ("x-stainless-package-version", "0.128.0"),
        ("x-stainless-runtime-version", "v26.12.1"),
        ("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14,effort-2025-11-24"),
        ("anthropic-version", "2023-06-01"),
        ("x-claude-code-request-class", "main"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("content-length", str(length)),
    )


def _response_headers(rng: random.Random) -> Headers:
    return (
        ("date", f"Mon, 10 Nov 2025 12:{rng.randrange(60):02}:{rng.randrange(60):02} GMT"),
        ("content-type", "text/event-stream; charset=utf-8"),
        ("request-id", f"req_01{rng.getrandbits(96):024x}"),
        ("anthropic-ratelimit-unified-5h-utilization", f"{rng.random():.4f}"),
        ("anthropic-ratelimit-unified-7d-utilization", f"{rng.random():.4f}"),
        ("anthropic-ratelimit-unified-status", "allowed"),
        ("cf-ray", f"{rng.getrandbits(64):016x}-FRA"),
    )
