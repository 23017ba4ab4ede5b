"""Scripts: which answer a request gets.

A ``Script`` is a function from a ``Call`` to a ``Reply``; a ``Reply`` makes the bytes. Compose them:

    upstream.play(by_agent(
        turns(say(tool_use("Agent", {...})), say(text("done"))),
        {"look around": turns(say(tool_use("Bash", {"command": "ls"})), say(text("seen")))},
    ))
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.upstream import anthropic, aws, gemini, ollama, openai, responses
from tests.upstream.blocks import FEW, Block, Tokens
from tests.upstream.server import Answer, Pairs, Received


@dataclass(frozen=True, slots=True)
class Call:
    """A request seen as a client's call: who asks, what for, how far along."""

    request: Received

    @property
    def body(self) -> dict[str, Any]:
        """The parsed body, empty where there is none."""
        parsed = self.request.json
        return parsed if isinstance(parsed, dict) else {}

    @property
    def agent_id(self) -> str | None:
        """The subagent that asks; None for the main agent."""
        return self.request.header("x-claude-code-agent-id")

    @property
    def prompts(self) -> list[str]:
        """Every text a user-role message holds, in order, reminders left out."""
        found: list[str] = []
        for message in self.turns:
            if message.get("role") == "user":
                found += [t for t in texts(message["content"]) if not t.startswith("<system-reminder>")]
        return found

    @property
    def tool_results(self) -> list[str]:
        """The text of every tool result in the conversation."""
        return [
            "".join(texts(block.get("content", "")))
            for message in self.body.get("messages", [])
            for block in (message["content"] if isinstance(message["content"], list) else [])
            if block.get("type") == "tool_result"
        ]

    @property
    def turn(self) -> int:
        """How often the model has answered in this conversation so far."""
        said = [
            m.get("role") in ("assistant", "model") or m.get("type") == "function_call" for m in self.turns
        ]
        return sum(now and not before for before, now in zip([False, *said], said, strict=False))

    @property
    def turns(self) -> list[dict[str, Any]]:
        """The messages, the input items of OpenAI's Responses API, or Gemini's contents."""
        listed = self.body.get("messages", self.body.get("input", self.body.get("contents", [])))
        return listed if isinstance(listed, list) else [{"role": "user", "content": listed}]


Reply = Callable[[Received], Answer]
Script = Callable[[Call], Reply]


def texts(content: Any) -> list[str]:
    """The texts of a message's content, which is a string or a list of blocks."""
    if isinstance(content, str):
        return [content]
    return [block["text"] for block in content or [] if block.get("type") in ("text", "input_text")]


def say(*blocks: Block, tokens: Tokens = FEW, stop_reason: str | None = None, noise: bool = True) -> Reply:
    """A message of these blocks, in the API's form that the request speaks."""

    def reply(request: Received) -> Answer:
        if request.path.endswith("/chat/completions"):
            return openai.answer(request, blocks, tokens)
        if request.path.endswith("/responses"):
            return responses.answer(request, blocks, tokens)
        if request.path == "/api/chat":
            return ollama.answer(request, blocks, tokens)
        if aws.speaks(request.path):
            return aws.answer(request, blocks, tokens)
        if gemini.speaks(request.path):
            return gemini.answer(request, blocks, tokens)
        return anthropic.answer(request, blocks, tokens, stop_reason, noise)

    return reply


def error(status: int, message: str = "no", headers: Pairs = (), kind: str | None = None) -> Reply:
    """A refusal in the API's form, e.g. ``error(529, "Overloaded", (("retry-after", "1"),))``."""

    def reply(request: Received) -> Answer:
        if request.path.endswith(("/chat/completions", "/responses")):
            return openai.error(request, status, message, headers)
        return anthropic.error(request, status, message, headers, kind)

    return reply


def raw(*chunks: bytes | float, status: int = 200, headers: Pairs = (), **more: Any) -> Reply:
    """Exactly these chunks, pauses and headers; ``more`` are fields of ``Answer``."""
    return lambda _: Answer(status, headers, chunks, **more)


def cut_after(reply: Reply, count: int, how: Literal["close", "reset"] = "close") -> Reply:
    """The reply's first ``count`` chunks, then a dropped connection."""
    return lambda request: replace(whole := reply(request), chunks=whole.chunks[:count], ending=how)


def error_after(
    reply: Reply, count: int, kind: str = "overloaded_error", message: str = "Overloaded"
) -> Reply:
    """The reply's first ``count`` chunks, then an error event and a regular end."""
    event = anthropic.sse("error", {"type": "error", "error": {"type": kind, "message": message}})
    return lambda request: replace(whole := reply(request), chunks=[*whole.chunks[:count], event])


def slow(reply: Reply, first: float = 0.0, between: float = 0.0, after: int = 0) -> Reply:
    """Wait ``first`` seconds before the status line, ``between`` seconds before each chunk past ``after``."""

    def paced(request: Received) -> Answer:
        whole = reply(request)
        chunks: list[bytes | float] = []
        for index, chunk in enumerate(whole.chunks):
            chunks += [between, chunk] if index >= after and between else [chunk]
        return replace(whole, chunks=chunks, delay=first)

    return paced


def held(reply: Reply, until: threading.Event) -> Reply:
    """Send nothing before the event is set."""
    return lambda request: replace(reply(request), hold=until)


def zipped(reply: Reply) -> Reply:
    """The reply compressed with gzip, in one piece."""

    def packed(request: Received) -> Answer:
        whole = reply(request)
        body = gzip.compress(b"".join(chunk for chunk in whole.chunks if isinstance(chunk, bytes)))
        return replace(whole, headers=(*whole.headers, ("content-encoding", "gzip")), chunks=(body,))

    return packed


def resized(reply: Reply, size: int) -> Reply:
    """The same body bytes in chunks of ``size``, blind to where an event or a character ends."""

    def sliced(request: Received) -> Answer:
        whole = reply(request)
        body = b"".join(chunk for chunk in whole.chunks if isinstance(chunk, bytes))
        return replace(whole, chunks=[body[i : i + size] for i in range(0, len(body), size)])

    return sliced


def always(reply: Reply) -> Script:
    """One answer to everything."""
    return lambda _: reply


def turns(*replies: Reply) -> Script:
    """The n-th answer of a conversation, by the count of assistant messages; the last one repeats."""
    return lambda call: replies[min(call.turn, len(replies) - 1)]


def in_order(*steps: Reply) -> Script:
    """One step a call, whatever is asked; the last one repeats."""
    lock, count = threading.Lock(), 0

    def choose(call: Call) -> Reply:
        nonlocal count
        with lock:
            step = steps[min(count, len(steps) - 1)]
            count += 1
        return step

    return choose


def by_agent(main: Script, subagents: Mapping[str, Script]) -> Script:
    """``main`` for the main agent; a subagent takes the script whose key its prompt contains."""

    def choose(call: Call) -> Reply:
        if call.agent_id is None:
            return main(call)
        whole = "\n".join(call.prompts)
        for words, script in subagents.items():
            if words in whole:
                return script(call)
        return error(400, f"no script for the subagent asked: {whole[:200]}")

    return choose
