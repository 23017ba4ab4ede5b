"""Sessions with waste planted in them: turn after turn as the client sends them, with the usage one likes."""

from __future__ import annotations

import copy
from typing import Any

from claude_lens.exchange import Agent, Cost, Exchange, Model, Usage
from claude_lens.findings.kept import losses_of
from claude_lens.findings.look import Finding, Waste, waste
from claude_lens.findings.losses import Loss
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.wire import pricing
from tests.store.conftest import T0, Make

MARK = {"type": "ephemeral"}
MODEL = "claude-sonnet-4-5"
INPUT, OUTPUT, READ, WRITE, WRITE_LONG = 3e-6, 15e-6, 0.3e-6, 3.75e-6, 6e-6
PRICES = {
    pricing.INPUT: INPUT,
    pricing.OUTPUT: OUTPUT,
    pricing.CACHE_READ: READ,
    pricing.CACHE_WRITE_5M: WRITE,
    pricing.CACHE_WRITE_1H: WRITE_LONG,
}
TEXT = "".join(f"line {number} of the file, as it always was\n" for number in range(30))


def used(read: int = 0, written: int = 0, fresh: int = 0, out: int = 0, long: int = 0) -> Usage:
    """What the provider counted; ``written`` for five minutes, ``long`` for an hour."""
    return Usage(
        input_tokens=fresh,
        output_tokens=out,
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written + long,
        cache_creation_5m_input_tokens=written,
        cache_creation_1h_input_tokens=long,
    )


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    """A call, without its id."""
    return {"type": "tool_use", "name": name, "input": arguments}


def said(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


class Talk:
    """One agent's conversation; the usage of each turn is given, what it costs follows from PRICES."""

    def __init__(
        self,
        sink: StoreSink,
        make: Make,
        session: str = "s",
        agent: Agent | None = None,
        project: str | None = "/home/me/app",
        model: str = MODEL,
    ) -> None:
        self.sink, self.make, self.session, self.project, self.model = sink, make, session, project, model
        self.agent = agent
        self.tools: list[dict[str, Any]] = [
            {"name": name, "description": "x" * 400, "input_schema": {"type": "object"}}
            for name in ("Bash", "Read", "Grep")
        ]
        self.system = "You help with everything that there is to do. " * 400
        self.messages: list[dict[str, Any]] = []
        self.at = T0
        self.calls = 0
        self.sent: list[Exchange] = []

    def turn(self, new: Any, answer: list[dict[str, Any]], usage: Usage | None, **fields: Any) -> Exchange:
        """Send ``new`` (a prompt, or results of the last calls: words, or ``(words, is_error)``)."""
        self.messages.append({"role": "user", "content": self._content(new)})
        beside = fields.get("request_class", "main") not in ("main", "subagent")
        body = self.body()
        answer = [self._numbered(block) for block in answer]
        message = {"id": "m", "type": "message", "role": "assistant", "content": answer}
        given: dict[str, Any] = {
            "session": self.session,
            "agent": self.agent,
            "request_class": "subagent" if self.agent else "main",
            "project": self.project,
            "model": Model(requested=self.model, routed=self.model, provider="anthropic"),
            "usage": usage,
            "cost": Cost(usd=None if usage is None else pricing.cost(usage, PRICES), prices=PRICES),
            "at": self.at,
            "stop_reason": "end_turn",
        }
        one = self.make(body, message, **{**given, **fields})
        self.sink.ended(one)
        self.sent.append(one)
        self.at += 20
        if beside:
            self.messages.pop()
        else:
            self.messages.append({"role": "assistant", "content": answer})
        return one

    def body(self) -> dict[str, Any]:
        """The request, marked as the client marks it: at the system prompt and the newest block."""
        messages = copy.deepcopy(self.messages)
        content = messages[-1]["content"]
        messages[-1]["content"] = [*content[:-1], {**content[-1], "cache_control": MARK}]
        return {
            "model": self.model,
            "tools": copy.deepcopy(self.tools),
            "system": [
                {
                    "type": "text",
                    "text": "x-anthropic-billing-header: cc_version=2.1.332; cc_entrypoint=cli;",
                },
                {"type": "text", "text": self.system, "cache_control": MARK},
            ],
            "messages": messages,
            "max_tokens": 1000,
        }

    def _numbered(self, block: dict[str, Any]) -> dict[str, Any]:
        if block["type"] != "tool_use":
            return block
        self.calls += 1
        return {**block, "id": f"toolu_{self.session}_{self.agent and self.agent.id}_{self.calls}"}

    def _content(self, new: Any) -> list[dict[str, Any]]:
        if isinstance(new, str):
            return [said(new)]
        ids = [block["id"] for block in self.messages[-1]["content"] if block["type"] == "tool_use"]
        told = [one if isinstance(one, tuple) else (one, False) for one in new]
        return [
            {"type": "tool_result", "tool_use_id": ident, "content": words, "is_error": failed}
            for ident, (words, failed) in zip(ids, told, strict=True)
        ]


def losses(reader: Reader, kind: str, session: str = "s") -> list[Loss]:
    """What a kind of finding found lost in a session, vetoes left out."""
    with reader.connect() as connection:
        found = losses_of(connection, session)
    return [loss for each, loss in found if each.name == kind and not loss.veto]


def found(reader: Reader, **wanted: Any) -> Waste:
    """All findings of a range."""
    with reader.connect() as connection:
        return waste(connection, Filter(**wanted))


def only(reader: Reader, kind: str, **wanted: Any) -> Finding:
    """The one finding of this kind, and no other there is."""
    every = found(reader, **wanted)["findings"]
    assert [one["kind"] for one in every] == [kind]
    return every[0]
