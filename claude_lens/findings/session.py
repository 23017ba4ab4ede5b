"""A session as findings look at it: its exchanges with what they cost, and the results they brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from claude_lens.exchange import Usage
from claude_lens.messages.blocks import Json
from claude_lens.messages.calls import Call, Result, by_id, loaded_tools, results
from claude_lens.store.insight.context import context, estimated, mcp_server
from claude_lens.store.insight.sent import Sent
from claude_lens.store.insight.why import Reason, walk
from claude_lens.store.reading.turns import Step, load, steps
from claude_lens.wire import pricing

_PLAUSIBLE: Final = 3.0
"""A count of tokens that is further from what the bytes show, by this factor, is of something else too."""


@dataclass(slots=True)
class Asked:
    """An exchange of a session. What a model answered has ``usage``, ``reason`` and, where known, ``rates``.

    ``rates`` are US dollars a token by the price map's names, ``fresh`` is what a token new to this request
    cost. ``helper``: what the client asked for itself. ``schemas``: MCP tools that the model read, in tokens.
    ``changed``: what was first not as in the request before, where that explains a miss.
    """

    step: Step
    at: float
    usage: Usage | None = None
    reason: Reason | None = None
    rates: Mapping[str, float] | None = None
    fresh: float = 0.0
    helper: str | None = None
    schemas: Mapping[str, int] = field(default_factory=dict)
    changed: Any = None

    @property
    def id(self) -> str:
        """The exchange's."""
        return self.step.summary["id"]

    @property
    def agent(self) -> str | None:
        """Whose it is; None for the main agent."""
        return self.step.summary["agent"]["id"]

    @property
    def carried(self) -> float:
        """What a token cost that had been sent before: read from the cache, where there is one."""
        if self.rates is None or self.usage is None:
            return 0.0
        cached = self.usage.cache_read_input_tokens or self.usage.cache_creation_input_tokens
        return self.rates[pricing.CACHE_READ if cached else pricing.INPUT]


@dataclass(slots=True)
class Brought:
    """A tool's result: the call, the request that brought it, and those that sent it again after that.

    ``tokens`` are estimated: its share of what the provider counted more than before, else of its bytes.
    ``claimed``: a finding has counted it already.
    """

    call: Call
    result: Result
    by: Asked
    tokens: int
    place: int
    compactions: int
    later: list[Asked] = field(default_factory=list)
    claimed: bool = False

    @property
    def usd(self) -> float:
        """What it cost to send it, and to send it again with each later request."""
        return self.tokens * (self.by.fresh + sum(one.carried for one in self.later))


@dataclass(slots=True)
class Session:
    """``asked`` are all exchanges in order; ``conversations`` the answered requests of each agent."""

    id: str
    asked: list[Asked]
    conversations: dict[str | None, list[Asked]]
    brought: dict[str | None, list[Brought]]
    contents: Mapping[int, Any]

    def answer(self, asked: Asked) -> Any:
        """The message that came; None where none was kept."""
        return None if asked.step.answer is None else self.contents.get(asked.step.answer)


def read(connection: Connection, session: str) -> Session:
    """The session with this id. Bodies are looked at one by one, and none is held."""
    asked = [Asked(one, _moment(one)) for one in steps(connection, session)]
    named = {one.id: one for one in asked}
    schemas = _Schemas()
    for sent, reason in walk(connection, session):
        one = named.get(reason["exchange_id"])
        if one is None:
            continue
        one.usage, one.reason, one.helper = sent.usage, reason, sent.helper
        if reason["diff"] and reason["part"] is not None and reason["index"] is not None:
            parts = sent.body.get(reason["part"])
            if isinstance(parts, list) and reason["index"] < len(parts):
                one.changed = parts[reason["index"]]
        if sent.usage is not None:
            one.rates = pricing.rates(sent.prices, sent.usage.prompt_tokens)
            one.fresh = (sent.extra(1) or 0.0) + (one.rates[pricing.CACHE_READ] if one.rates else 0.0)
            one.schemas = {} if sent.helper else schemas.of(sent)
    keys = {key for one in asked for key in (*one.step.fresh, one.step.answer) if key is not None}
    contents = load(connection, keys)
    conversations: dict[str | None, list[Asked]] = {}
    for one in asked:
        if one.usage is not None and one.helper is None:
            conversations.setdefault(one.agent, []).append(one)
    found = Session(session, asked, conversations, {}, contents)
    for agent, line in conversations.items():
        found.brought[agent] = list(_brought(found, line))
    return found


def _moment(step: Step) -> float:
    return datetime.fromisoformat(step.summary["started_at"]).timestamp()


class _Schemas:
    """Tokens of the MCP tools that a model reads; worked out once for requests with the same tools."""

    def __init__(self) -> None:
        self._known: dict[Any, Mapping[str, int]] = {}

    def of(self, sent: Sent) -> Mapping[str, int]:
        tools = sent.body.get("tools")
        listed = [one for one in tools if isinstance(one, Mapping)] if isinstance(tools, list) else []
        if sent.side is None or not any(mcp_server(str(one.get("name"))) for one in listed):
            return {}
        names = None
        if any(one.get("defer_loading") for one in listed):
            names = tuple(str(one.get("name")) for one in loaded_tools(sent.body))
        key = (tuple(sent.side.digests["tools"]), names)
        if key not in self._known:
            counted = sent.usage.prompt_tokens if sent.usage else 0
            found = context(sent.body, counted or None)
            self._known[key] = {
                one["name"]: one["tokens"] for one in found["items"] if one["kind"] == "mcp tool"
            }
        return self._known[key]


def _brought(session: Session, line: Sequence[Asked]) -> Iterator[Brought]:
    calls: dict[str, Call] = {}
    living: list[Brought] = []
    compactions = 0
    for place, one in enumerate(line):
        if one.step.anew and place:
            living, compactions = [], compactions + 1
        for earlier in living:
            earlier.later.append(one)
        before = line[place - 1] if place and not one.step.anew else None
        fresh = [session.contents[key] for key in one.step.fresh if key in session.contents]
        scale = _scale(before, one, sum(map(estimated, fresh)))
        for found in results(fresh):
            call = calls.get(found.call_id)
            if call is None:
                continue
            tokens = round(estimated({"role": "user", "content": [found.block]}) * scale)
            living.append(Brought(call, found, one, tokens, place, compactions))
            yield living[-1]
        calls |= by_id([session.answer(one)])


def _scale(before: Asked | None, one: Asked, tokens: float) -> float:
    """What to multiply an estimate with, so that all that is new is what the provider counted more."""
    if before is None or before.usage is None or one.usage is None or not tokens:
        return 1.0
    more = one.usage.prompt_tokens - before.usage.prompt_tokens - before.usage.output_tokens
    scale = more / tokens
    return scale if 1 / _PLAUSIBLE <= scale <= _PLAUSIBLE else 1.0


def input_of(call: Call) -> Json:
    """A call's arguments; none where they are no object."""
    return call.input if isinstance(call.input, Mapping) else {}
