"""Names agents in the recorder: state in memory, by session, bounded in number and age."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace

from claude_lens.agents.asker import Asker, asker
from claude_lens.agents.classes import with_class
from claude_lens.agents.detect import FileName, detect
from claude_lens.agents.facts import history, spawned
from claude_lens.agents.files import AgentFiles
from claude_lens.agents.session import SessionAgents
from claude_lens.exchange import Agent, Exchange

SESSIONS = 2000
OLDEST = 48 * 3600.0


class Namer:
    """Completes the agent of exchanges as they pass. Not thread-safe."""

    def __init__(self, file_name: FileName | None = None) -> None:
        self._file_name = file_name or AgentFiles()
        self._sessions: OrderedDict[str, tuple[float, SessionAgents]] = OrderedDict()

    def arrived(self, exchange: Exchange) -> Exchange:
        """The exchange with its agent as far as it is known when the request arrives."""
        session = self._session(exchange)
        if session is None:
            return _classed(exchange)
        named = _classed(self._named(exchange, session))
        for fact in history(exchange.request.json, named.identity.agent.id):
            session.apply(fact)
        return named

    def ended(self, exchange: Exchange) -> Exchange:
        """The exchange with its agent; what its answer calls for is remembered.

        A name that was not known on arrival is looked for again: the answer with the spawn may have ended
        after the spawned agent's first request.
        """
        session = self._session(exchange)
        if session is None:
            return _classed(exchange)
        if exchange.identity.agent.name is None:
            exchange = self._named(exchange, session)
        exchange = _classed(exchange)
        # The client starts an answer anew that failed in the middle; its calls were never carried out.
        failed = exchange.status == "error"
        response = exchange.response.json if exchange.response and not failed else None
        for fact in spawned(response, exchange.identity.agent.id):
            session.apply(fact)
        return exchange

    def _named(self, exchange: Exchange, session: SessionAgents) -> Exchange:
        asking: Asker = asker(exchange.identity, exchange.request.json)
        agent, claim = detect(asking, session, self._file_name)
        if claim:
            session.apply(claim)
        return with_agent(exchange, agent)

    def _session(self, exchange: Exchange) -> SessionAgents | None:
        name = exchange.identity.session_id
        if name is None:
            return None
        now = time.monotonic()
        found = self._sessions.pop(name, None)
        session = found[1] if found else SessionAgents()
        self._sessions[name] = (now, session)
        while len(self._sessions) > SESSIONS or now - next(iter(self._sessions.values()))[0] > OLDEST:
            self._sessions.popitem(last=False)
        return session


def _classed(exchange: Exchange) -> Exchange:
    body = exchange.request.json
    return replace(exchange, identity=with_class(exchange.identity, exchange.endpoint, body))


def with_agent(exchange: Exchange, agent: Agent) -> Exchange:
    """The exchange as one of ``agent``."""
    return replace(exchange, identity=replace(exchange.identity, agent=agent))
