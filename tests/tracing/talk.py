"""Exchanges as a Claude Code session makes them, built by hand: who asks, what came back, when."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Request, Response, Usage

SESSION = "11111111-2222-4333-8444-555555555555"
PROMPT = "aaaaaaaa-0000-4000-8000-000000000001"
MODEL = "claude-sonnet-4-5-20250929"
START = 1_760_000_000.0
REMINDER = {"type": "text", "text": "<system-reminder>\nbe good\n</system-reminder>"}
TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}, {"name": "Agent", "input_schema": {}}]
PRICES = {"input_cost_per_token": 3e-06, "output_cost_per_token": 15e-06}

Block = dict[str, Any]


def text(words: str) -> Block:
    """A text block."""
    return {"type": "text", "text": words}


def use(name: str, id: str, **arguments: Any) -> Block:
    """A tool call."""
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


def spawn(id: str, prompt: str) -> Block:
    """A call that starts a subagent."""
    return use("Agent", id, prompt=prompt, description=prompt[:10], subagent_type="Explore")


def result(id: str, words: str, is_error: bool = False) -> Block:
    """What came back for a tool call."""
    return {"type": "tool_result", "tool_use_id": id, "content": words, "is_error": is_error}


def report(id: str, agent: str, words: str) -> Block:
    """What comes back for a subagent that its caller waited for."""
    return result(
        id, f"[Subagent hand-back] The report follows:\n  {words}\nagentId: {agent} (use SendMessage)"
    )


def launched(id: str, agent: str) -> Block:
    """What comes back at once for a subagent in the background."""
    return result(id, f"Async agent launched successfully.\nagentId: {agent} (internal ID)")


class Talk:
    """One agent's conversation. ``say`` adds a user message, ``ask`` is the exchange that follows.

    ``hints`` false: as a client that sends no gateway hints.
    """

    _numbers = itertools.count(1)

    def __init__(
        self,
        agent: str | None = None,
        *,
        parent: str | None = None,
        prompt: str | None = PROMPT,
        session: str | None = SESSION,
        worker: str = "w1",
        hints: bool = True,
        at: float = START,
    ) -> None:
        self.agent, self.parent, self.prompt, self.session = agent, parent, prompt, session
        self.worker, self.hints = worker, hints
        self.now = at
        self.messages: list[dict[str, Any]] = []

    def say(self, *blocks: Block | str) -> Talk:
        """What the user side adds."""
        content = [text(block) if isinstance(block, str) else block for block in blocks]
        self.messages.append({"role": "user", "content": content})
        return self

    def ask(
        self,
        *answer: Block | str,
        took: float = 1.0,
        after: float = 0.0,
        durations: Sequence[tuple[str, int]] = (),
        stop: str | None = None,
        **more: Any,
    ) -> Exchange:
        """The exchange over all said so far, ``after`` seconds from the last one's end."""
        blocks = [text(block) if isinstance(block, str) else block for block in answer]
        self.now += after
        exchange = self._exchange(blocks, took, tuple(durations), stop, more)
        self.now += took
        if exchange.status == "ok":
            self.messages.append({"role": "assistant", "content": blocks})
        return exchange

    def _exchange(
        self,
        blocks: list[Block],
        took: float,
        durations: tuple[tuple[str, int], ...],
        stop: str | None,
        more: Mapping[str, Any],
    ) -> Exchange:
        calls = any(block["type"] == "tool_use" for block in blocks)
        stop = stop or ("tool_use" if calls else "end_turn")
        body = {
            "model": MODEL,
            "max_tokens": 100,
            "stream": True,
            "system": [text("you are a helper")],
            "tools": TOOLS,
            "messages": list(self.messages),
        }
        number = next(self._numbers)
        made = Exchange(
            id=f"{number:032x}",
            worker=self.worker,
            status="ok",
            http_status=200,
            lane="transparent",
            identity=self._identity(durations),
            model=Model(requested=MODEL, routed=MODEL, provider="anthropic"),
            started_at=self.now,
            ttfb_ms=100.0,
            ttft_ms=250.0,
            duration_ms=took * 1000,
            usage=Usage(
                input_tokens=10,
                output_tokens=20,
                cache_read_input_tokens=300,
                cache_creation_input_tokens=4,
                cache_creation_5m_input_tokens=4,
            ),
            cost=Cost(usd=0.0005, requested_usd=0.0005, prices=PRICES),
            stop_reason=stop,
            request_id="req_1",
            request=Request(json=body),
            response=Response(
                json={
                    "id": f"msg_{number}",
                    "type": "message",
                    "role": "assistant",
                    "model": MODEL,
                    "content": blocks,
                    "stop_reason": stop,
                }
            ),
        )
        return replace(made, **more)

    def _identity(self, durations: tuple[tuple[str, int], ...]) -> Identity:
        kind = "subagent" if self.agent else "main"
        return Identity(
            session_id=self.session,
            prompt_id=self.prompt if self.hints else None,
            request_class=kind if self.hints else None,
            tool_durations_ms=durations,
            user_id="user-1",
            client="claude-cli/2.1.329",
            project="/home/me/shop",
            branch="trunk",
            agent=Agent(
                id=self.agent,
                parent_id=self.parent,
                type="Explore" if self.agent else None,
                evidence="headers" if self.hints or self.agent else "default",
            ),
        )


def failed(exchange: Exchange, status: Any = "error", http_status: int | None = 529) -> Exchange:
    """The same exchange, ended badly."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    return replace(
        exchange,
        status=status,
        http_status=http_status,
        error="overloaded_error: Overloaded" if status == "error" else None,
        stop_reason=None,
        usage=None,
        response=Response(json=error) if status == "error" else None,
    )
