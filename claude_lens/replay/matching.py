"""Which recorded request a new one is: by its agent and the order in it, then by content.

Ids of agents are another each time. A new agent is the recorded one whose first request says the same, in the
order of their calls; what has no agent's id (older clients) is found by content alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from claude_lens.messages.helpers import BESIDE, MAIN
from claude_lens.replay.comparing import Comparable
from claude_lens.replay.record import Recorded

HELPERS: Final = frozenset(BESIDE)


@dataclass(frozen=True, slots=True)
class Match:
    """The recorded request that a new one is; ``same``: nothing that counts differs.

    ``recorded`` is None where the record has nothing left that it could be.
    """

    recorded: Recorded | None
    same: bool


class Matcher:
    """Remembers what was used. ``requests`` are the record's, in order."""

    def __init__(self, requests: Sequence[Recorded]) -> None:
        self._requests = list(requests)
        self._used: set[int] = set()
        self._by_whole: dict[bytes, list[int]] = {}
        self._by_line: dict[str, list[int]] = {}
        for place, one in enumerate(self._requests):
            self._by_whole.setdefault(one.comparable.whole, []).append(place)
            self._by_line.setdefault(one.line, []).append(place)
        self._agents: dict[str, str] = {}

    def unused(self) -> list[Recorded]:
        """What was recorded and not asked for."""
        return [one for place, one in enumerate(self._requests) if place not in self._used]

    def match(self, line: str, comparable: Comparable, *, named: bool) -> Match:
        """The recorded request that this one is, used from then on.

        ``line``: the agent's id, ``main``, or the kind of a helper request. ``named``: the client names its
        agents, so that what comes without a name is the main one's.
        """
        own = self._line_of(line, comparable)
        exact = [place for place in self._by_whole.get(comparable.whole, ()) if place not in self._used]
        place = next((one for one in exact if self._requests[one].line == own), None)
        # A conversation's request may be another agent's than it seems; a helper's is nothing else.
        exact = [] if line in HELPERS else [one for one in exact if self._requests[one].turn is not None]
        if place is None and exact:
            place = exact[0]
        if place is not None:
            return self._use(place, line, same=True)
        left = [place for place in self._by_line.get(own or "", ()) if place not in self._used]
        if not named:
            left = [place for place in range(len(self._requests)) if place not in self._used]
            left = [place for place in left if self._requests[place].turn is not None]
            left.sort(key=lambda one: -comparable.same_beginning(self._requests[one].comparable))
        return self._use(left[0], line, same=False) if left else Match(None, same=False)

    def _use(self, place: int, line: str, *, same: bool) -> Match:
        self._used.add(place)
        found = self._requests[place]
        if found.agent is not None and line != MAIN and found.line == found.agent:
            self._agents.setdefault(line, found.agent)
        return Match(found, same)

    def _line_of(self, line: str, comparable: Comparable) -> str | None:
        """The recorded line for a new one: an agent's own once it is known."""
        if line in self._agents:
            return self._agents[line]
        if line == MAIN or line in self._by_line:
            return line
        taken = set(self._agents.values())
        free = [name for name in self._by_line if name not in taken and self._is_agent(name)]
        best = [(self._likeness(name, comparable), -at, name) for at, name in enumerate(free)]
        return max(best)[2] if best else None

    def _is_agent(self, name: str) -> bool:
        return self._requests[self._by_line[name][0]].agent == name

    def _likeness(self, name: str, comparable: Comparable) -> tuple[int, int]:
        first = self._requests[self._by_line[name][0]].comparable
        # The first message holds what the agent was told, the system prompt who it is.
        return (
            comparable.same_beginning(first),
            sum(first.parts.get(part) == digest for part, digest in comparable.parts.items()),
        )
