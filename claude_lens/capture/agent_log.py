"""What workers know of a session's agents, kept in LiteLLM's own cache: with Redis behind it, they agree.

A session is a log of facts, each under a key with its number; the numbers come from one counter, so that no
worker overwrites another's fact and all of them replay the same order. Without Redis the replayed state
itself lies in the cache.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from claude_lens.agents.facts import Fact, from_json, to_json
from claude_lens.agents.session import SessionAgents

log = logging.getLogger("claude_lens")
OLDEST = 24 * 3600
READ_AT_ONCE = 200
PREFIX = "claude-lens:agents"


@dataclass(slots=True)
class Replayed:
    """A session as this worker has replayed it, up to fact number ``applied`` of the shared log.

    ``looked``: the conversation of the main agent was searched for calls once.
    """

    agents: SessionAgents = field(default_factory=SessionAgents)
    applied: int = 0
    looked: bool = False


class AgentLog:
    """Reads and writes sessions. ``cache`` gives LiteLLM's ``DualCache``; its Redis may fail at any time."""

    def __init__(self, cache: Callable[[], Any]) -> None:
        self._cache = cache
        self._told_fault = False

    def local(self, session: str) -> SessionAgents:
        """The session as far as this worker knows it; asks nobody."""
        return self._replayed(session).agents

    def first_look(self, session: str) -> bool:
        """True the first time that a session is asked for."""
        replayed = self._replayed(session)
        replayed.looked, before = True, replayed.looked
        return not before

    async def fresh(self, session: str) -> SessionAgents:
        """The session with what other workers have added."""
        replayed, redis = self._replayed(session), self._cache().redis_cache
        if redis is not None:
            try:
                await self._catch_up(session, replayed, redis)
            except Exception as error:
                self._fault(error)
        return replayed.agents

    async def add(self, session: str, facts: Iterable[Fact]) -> None:
        """Add the facts that are new."""
        replayed, redis = self._replayed(session), self._cache().redis_cache
        for fact in facts:
            if replayed.agents.knows(fact):
                continue
            if redis is None:
                replayed.agents.apply(fact)
                continue
            try:
                number = int(await redis.async_increment(f"{PREFIX}:{session}:count", 1, ttl=OLDEST))
                await redis.async_set_cache(f"{PREFIX}:{session}:{number}", to_json(fact), ttl=OLDEST)
                await self._catch_up(session, replayed, redis)
            except Exception as error:
                self._fault(error)
                replayed.agents.apply(fact)

    def _replayed(self, session: str) -> Replayed:
        memory = self._cache().in_memory_cache
        key = f"{PREFIX}:{session}"
        found = memory.get_cache(key)
        if not isinstance(found, Replayed):
            found = Replayed()
            memory.set_cache(key, found, ttl=OLDEST)
        return found

    async def _catch_up(self, session: str, replayed: Replayed, redis: Any) -> None:
        count = int(await redis.async_get_cache(f"{PREFIX}:{session}:count") or 0)
        first = max(replayed.applied + 1, count - READ_AT_ONCE + 1)
        keys = [f"{PREFIX}:{session}:{number}" for number in range(first, count + 1)]
        values = await redis.async_batch_get_cache(keys) if keys else {}
        for number, key in enumerate(keys, first):
            # A hole is a fact whose number is drawn and which is about to be written.
            if values.get(key) is None:
                break
            fact = from_json(values[key]) if isinstance(values[key], dict) else None
            if fact is not None:
                replayed.agents.apply(fact)
            replayed.applied = number

    def _fault(self, error: Exception) -> None:
        if not self._told_fault:
            self._told_fault = True
            log.error("subagents of other workers cannot be known: %s: %s", type(error).__name__, error)
