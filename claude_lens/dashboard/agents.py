"""The agents of a session as its page shows them: nested, told apart by name, each in a colour of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from claude_lens.dashboard.templating import AGENT_COLOURS, agent_colour, agent_name
from claude_lens.store.reading.agents import placed
from claude_lens.store.reading.forms import AgentName


@dataclass(frozen=True, slots=True)
class Look:
    """How an agent is shown. ``depth``: how many agents stand above it; ``colour``: 0 to 7."""

    name: str
    colour: int
    depth: int


Looks = dict[str | None, Look]


def looks(agents: Iterable[AgentName]) -> Looks:
    """By the agents' ids, each followed by those that it started; ``agents`` are given as they began.

    Agents of one name are numbered. Of two that would have the same colour the later one takes the next that
    is free, so that nobody's changes when another joins.
    """
    known = {one["id"]: one for one in agents}
    names = Counter(agent_name(one) for one in known.values())
    counted: Counter[str] = Counter()
    used: Counter[int] = Counter()
    told: dict[str | None, tuple[str, int]] = {}
    for ident, one in known.items():
        name = agent_name(one)
        counted[name] += 1
        colour = agent_colour(ident)
        if ident is not None:
            nearest = [(colour - 1 + step) % AGENT_COLOURS + 1 for step in range(AGENT_COLOURS)]
            colour = min(nearest, key=lambda number: used[number])
            used[colour] += 1
        told[ident] = (f"{name} {counted[name]}" if names[name] > 1 else name, colour)
    order = placed({ident: one["parent_id"] for ident, one in known.items()})
    return {ident: Look(*told[ident], depth) for ident, depth in order}
