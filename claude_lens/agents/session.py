"""What is known of one session's agents: facts applied in order, the same everywhere they are replayed."""

from __future__ import annotations

from collections.abc import Iterable

from claude_lens.agents.facts import Fact, Spawned, Told

KEPT = 1024


class SessionAgents:
    """Calls and who answers them. Bounded: beyond ``KEPT`` calls the oldest are forgotten."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._calls: dict[str, Spawned] = {}
        self._agent_of: dict[str, str] = {}
        self._call_of: dict[str, str] = {}
        self._told: set[str] = set()
        for fact in facts:
            self.apply(fact)

    def apply(self, fact: Fact) -> None:
        """Take a fact in. One that is known, or contradicts what the client told, changes nothing."""
        if isinstance(fact, Spawned):
            self._calls.setdefault(fact.tool_use_id, fact)
            while len(self._calls) > KEPT:
                self._forget(next(iter(self._calls)))
        elif isinstance(fact, Told):
            self._tell(fact)
        elif fact.agent_id not in self._call_of:
            free = next((c for c in fact.tool_use_ids if c in self._calls and c not in self._agent_of), None)
            if free:
                self._join(fact.agent_id, free)

    def knows(self, fact: Fact) -> bool:
        """Whether applying ``fact`` would change nothing."""
        if isinstance(fact, Spawned):
            return fact.tool_use_id in self._calls
        if isinstance(fact, Told):
            return fact.tool_use_id in self._told or fact.tool_use_id not in self._calls
        return fact.agent_id in self._call_of

    def call_of(self, agent_id: str) -> Spawned | None:
        """The call that started the agent, None where that is not known."""
        return self._calls.get(self._call_of.get(agent_id, ""))

    def free(self) -> list[Spawned]:
        """Calls that no agent is known to answer, oldest first."""
        return [call for call in self._calls.values() if call.tool_use_id not in self._agent_of]

    def calls(self) -> list[Spawned]:
        """All calls, oldest first."""
        return list(self._calls.values())

    def _tell(self, fact: Told) -> None:
        if fact.tool_use_id not in self._calls or fact.tool_use_id in self._told:
            return
        before = self._agent_of.get(fact.tool_use_id)
        if before == fact.agent_id:
            self._told.add(fact.tool_use_id)
            return
        freed = self._call_of.get(fact.agent_id)
        if before is not None:
            del self._call_of[before]
        if freed is not None:
            self._agent_of.pop(freed, None)
            self._told.discard(freed)
        self._join(fact.agent_id, fact.tool_use_id)
        self._told.add(fact.tool_use_id)

    def _join(self, agent_id: str, tool_use_id: str) -> None:
        self._call_of[agent_id] = tool_use_id
        self._agent_of[tool_use_id] = agent_id

    def _forget(self, tool_use_id: str) -> None:
        del self._calls[tool_use_id]
        self._told.discard(tool_use_id)
        agent = self._agent_of.pop(tool_use_id, None)
        if agent is not None:
            self._call_of.pop(agent, None)
