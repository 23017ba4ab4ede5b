"""Who asks, found out while the request waits: from its headers where they settle it, else from its body.

A request is parsed only where its headers do not settle it: a subagent's first one, and those of clients too
old to name their agents in headers. Imports nothing of LiteLLM's: who asks is known before that is loaded.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from claude_lens.agents.asker import NAMES_AGENTS, asker, client_version
from claude_lens.agents.classes import with_class
from claude_lens.agents.detect import CUSTOM, FileName, detect
from claude_lens.agents.facts import history, spawned
from claude_lens.capture.agent_log import AgentLog
from claude_lens.capture.asgi import Message, Send
from claude_lens.capture.inflight import InFlight, text_headers
from claude_lens.exchange import Agent, Headers, Identity
from claude_lens.messages.helpers import SUBAGENT_CLASSES
from claude_lens.messages.spawns import SPAWNING as SPAWNING_TOOLS
from claude_lens.messages.system import SUBAGENT_MARK
from claude_lens.wire import sse
from claude_lens.wire.encoding import decode_body
from claude_lens.wire.headers import get
from claude_lens.wire.identity import identify
from claude_lens.wire.parse import parse_object

log = logging.getLogger("claude_lens")
SPAWNING = tuple(f'"{name}"'.encode() for name in SPAWNING_TOOLS)
BLOCK_END = b"content_block_stop"
KEPT = 5000


class Cache:
    """What sessions are kept in: this process's memory, and LiteLLM's Redis once ``redis`` gives one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self.redis: Callable[[], Any] = lambda: None

    @property
    def in_memory_cache(self) -> Cache:
        """As LiteLLM's ``DualCache`` has it."""
        return self

    @property
    def redis_cache(self) -> Any:
        """LiteLLM's client of Redis; None without one."""
        return self.redis()

    def get_cache(self, key: str) -> Any:
        """The value of a key; None where it is not kept."""
        return self._kept.get(key)

    def set_cache(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep a value; the oldest of many is forgotten."""
        self._kept[key] = value
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


class Asking:
    """Finds out who asks. Lives on the event loop of one worker.

    ``by_class``: whether somebody wants to know the class of a request too, where its headers do not tell.
    """

    def __init__(self, agents: AgentLog, file_name: FileName, *, strict: bool = False) -> None:
        self._agents = agents
        self._file_name = file_name
        self._strict = strict
        self.by_class = False
        self._told_fault = False

    async def consider(self, flight: InFlight, send: Send) -> Send:
        """Note who asks in ``flight``; returns a ``send`` that learns from the answer.

        A fault of ours is logged once, and the request goes on as if nobody had been asked for.
        """
        try:
            identity, agent = await self._who(flight)
        except Exception as error:
            self.fault(error)
            return send
        flight.identity, flight.asker = identity, agent
        if agent.name is not None:
            flight.agent = {name: value for name, value in asdict(agent).items() if value is not None}
        session = identity.session_id
        if session is None:
            return send
        return _Listening(send, lambda json: self._learn(session, agent, json)).send

    async def _who(self, flight: InFlight) -> tuple[Identity, Agent]:
        headers = text_headers(flight.headers)
        identity = identify(headers, None)
        agent, session = identity.agent, identity.session_id
        if session is not None and get(headers, "x-claude-code-session-id"):
            known = self._agents.local(session)
            if not agent.id and not agent.type and self._is_plainly_main(identity, flight.body):
                if self._agents.first_look(session) and any(mark in flight.body for mark in SPAWNING):
                    await self._agents.add(session, history(parse_object(flight.body), None))
                return identity, agent
            if agent.id and known.call_of(agent.id) and (identity.request_class or not self.by_class):
                found = detect(asker(identity, None), known)[0]
                return replace(identity, agent=found), found
        return await self._look_inside(flight, headers)

    def _is_plainly_main(self, identity: Identity, body: bytes) -> bool:
        """Whether headers, or a client new enough to name its agents, exclude a subagent unparsed."""
        if identity.request_class:
            return identity.request_class not in SUBAGENT_CLASSES
        version = client_version(identity)
        names = version is not None and version >= NAMES_AGENTS and SUBAGENT_MARK not in body
        return names and not self.by_class

    async def _look_inside(self, flight: InFlight, headers: Headers) -> tuple[Identity, Agent]:
        body = parse_object(flight.body)
        identity = identify(headers, body)
        session = identity.session_id
        if session is None:
            return identity, identity.agent
        agents = await self._agents.fresh(session)
        asking = asker(identity, body)
        named: list[str | None] = []

        def from_file(_asker: object) -> str | None:
            return named[0] if named else None

        agent, claim = detect(asking, agents, from_file)
        if asking.subagent is not False and agent.name is None and agent.type in (None, CUSTOM):
            # Another file system than ours may hang; the event loop must not hang with it.
            named.append(await asyncio.to_thread(self._file_name, asking))
            agent, claim = detect(asking, agents, from_file)
        await self._agents.add(session, [*history(body, agent.id), *([claim] if claim else [])])
        return with_class(replace(identity, agent=agent), flight.endpoint, body), agent

    async def _learn(self, session: str, agent: Agent, answer: Mapping[str, Any] | None) -> None:
        try:
            await self._agents.add(session, spawned(answer, agent.id))
        except Exception as error:
            self.fault(error)

    def fault(self, error: Exception) -> None:
        """Raise in tests, else log the first one."""
        if self._strict:
            raise error
        if not self._told_fault:
            self._told_fault = True
            log.error("who asks cannot be found out: %s: %s", type(error).__name__, error)


class _Listening:
    """The client's ``send``, listened to: a call of a subagent is known before the client has read it."""

    def __init__(self, send: Send, learn: Callable[[Mapping[str, Any] | None], Any]) -> None:
        self._send = send
        self._learn = learn
        self._parts: list[bytes] = []
        self._encoding: str | None = None
        self._spawns = False
        self._refused = False

    async def send(self, message: Message) -> None:
        """Pass the message on."""
        if message["type"] == "http.response.start":
            self._refused = message["status"] >= 400
            headers = {name.lower(): value for name, value in message.get("headers", [])}
            self._encoding = headers.get(b"content-encoding", b"").decode("latin-1") or None
        elif message["type"] == "http.response.body" and not self._refused:
            await self._listen(message.get("body", b""), last=not message.get("more_body", False))
        await self._send(message)

    async def _listen(self, chunk: bytes, *, last: bool) -> None:
        if chunk:
            self._parts.append(chunk)
        self._spawns = self._spawns or any(mark in chunk for mark in SPAWNING)
        if not last and not (self._spawns and BLOCK_END in chunk):
            return
        body = b"".join(self._parts)
        body = decode_body(body, self._encoding) if self._encoding else body
        if any(mark in body for mark in SPAWNING):
            await self._learn(parse_object(body) if body.startswith(b"{") else sse.fold(body).message)
