"""What is known of each session beside its sums: agents, folder, cost, and the plan when it began."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

from claude_lens.guard.events import Reading, Spent
from claude_lens.guard.rules import Who

SESSIONS: Final = 10_000
SAME_RESET: Final = 120.0


class Sessions:
    """Bounded: of more than :data:`SESSIONS` the oldest are forgotten."""

    def __init__(self) -> None:
        self._agents: OrderedDict[str, dict[str, str | None]] = OrderedDict()
        self._projects: OrderedDict[str, str] = OrderedDict()
        self._usd: OrderedDict[str, float] = OrderedDict()
        self._first: dict[str, dict[str, Reading]] = {}

    def know(self, spent: Spent) -> None:
        """Learn from an exchange that was not refused."""
        self.know_agent(spent.who)
        session = spent.who.session
        if session is None:
            return
        if spent.who.project:
            self._projects[session] = spent.who.project
            if len(self._projects) > SESSIONS:
                self._projects.popitem(last=False)
        self._usd[session] = self._usd.pop(session, 0.0) + spent.usd
        if len(self._usd) > SESSIONS:
            self._first.pop(self._usd.popitem(last=False)[0], None)
        first = self._first.setdefault(session, {})
        for one in spent.readings:
            known = first.get(one.name)
            if known is None or (one.resets_at or 0.0) > (known.resets_at or 0.0) + SAME_RESET:
                first[one.name] = one

    def know_agent(self, who: Who) -> None:
        """Learn which agent there is, and who its parent."""
        if who.session is None or who.agent_id is None:
            return
        agents = self._agents.get(who.session)
        if agents is None:
            agents = self._agents[who.session] = {}
            if len(self._agents) > SESSIONS:
                self._agents.popitem(last=False)
        agents.setdefault(who.agent_id, who.parent_id)

    def agents_of(self, session: str | None) -> Mapping[str, str | None]:
        """The agents of a session, each with its parent."""
        return self._agents.get(session or "", {})

    def agents(self, session: str | None = None) -> tuple[int, int]:
        """Most agents of a session, and deepest nesting, of ``session`` or of all."""
        listed = [self.agents_of(session)] if session else list(self._agents.values())
        most = max((len(one) for one in listed), default=0)
        depths = (
            depth(agents, Who(agent_id=agent, parent_id=parent))
            for agents in listed
            for agent, parent in agents.items()
        )
        return most, int(max(depths, default=0))

    def project_of(self, session: str | None) -> str | None:
        """The folder of a session, which not every client tells with each request."""
        return self._projects.get(session) if session else None

    def usd(self, session: str) -> float | None:
        """What a session cost so far, what is free included; None where it is not known."""
        return self._usd.get(session)

    def gained(self, session: str, readings: Iterable[Reading]) -> list[tuple[Reading, float]]:
        """The plan's windows of the session's account, and what they gained since it began."""
        first = self._first.get(session, {})
        accounts = {one.account for one in first.values()}
        return [
            (one, max(one.used - first[one.name].used, 0.0) if one.name in first else 0.0)
            for one in sorted(readings, key=lambda one: (one.account, one.name))
            if not accounts or one.account in accounts
        ]


def depth(agents: Mapping[str, str | None], who: Who) -> float:
    """How deep an agent is nested; 1 for one that the main agent started."""
    level, parent, seen = 1, who.parent_id, set()
    while parent is not None and parent not in seen:
        seen.add(parent)
        level, parent = level + 1, agents.get(parent)
    return float(level)
