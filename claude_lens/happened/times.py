"""Where a session's time went: the model, tools, failed requests and the pauses after them, waiting, nothing.

Every moment counts once, whatever goes on beside it: while any agent's model is asked it is the model's, else
while a tool runs that tool's, else a retry's, else that of whoever is waited for. An agent that waits for
another in the foreground runs no tool of its own meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypedDict

from claude_lens.happened.saying import ASKING
from claude_lens.happened.states import IDLE_AFTER
from claude_lens.messages.spawns import SPAWNING

LONGEST_PAUSE: Final = 60.0
"""Seconds within which a request after a failed one tries it again, where nothing else tells."""
UNTIMED: Final = 1.0
"""Seconds that a client may take beyond its tools before a human is said to have kept it waiting."""

ANSWERING, FIRST_TOKEN, TOOLS, RETRIES, AGENTS, WAITING = range(6)
"""What a moment counts as, the first that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: when it began and ended, and came to its first token (seconds since the epoch).

    ``failed`` is why it did; ``beside`` tells helper requests, which no tool waits for. ``tip`` stands for
    the messages that it sent. ``calls`` are the tools of its answer that the client carries out,
    ``durations`` what the client measured of those whose results it brings, in milliseconds.
    """

    agent: str | None = None
    began: float
    ended: float
    first: float | None = None
    failed: str | None = None
    beside: bool = False
    tip: int | None = None
    calls: Sequence[str] = ()
    durations: Sequence[tuple[str, float]] = ()


class Times(TypedDict):
    """Milliseconds; they add up to the time from the first request to the last answer (``total_ms``).

    ``first_token_ms`` is the part of ``model_ms`` before anything was said. ``by_tool`` counts each tool for
    itself, those that ran side by side too.
    """

    model_ms: float
    first_token_ms: float
    tools_ms: float
    retries_ms: float
    waiting_ms: float
    idle_ms: float
    total_ms: float
    by_tool: dict[str, float]


NO_TIME: Final[Times] = {
    "model_ms": 0.0,
    "first_token_ms": 0.0,
    "tools_ms": 0.0,
    "retries_ms": 0.0,
    "waiting_ms": 0.0,
    "idle_ms": 0.0,
    "total_ms": 0.0,
    "by_tool": {},
}


@dataclass(frozen=True, slots=True)
class Lost:
    """A failed request, with the pause after it: when, seconds, why."""

    at: float
    seconds: float
    why: str


@dataclass(slots=True)
class Split:
    """What the spans are: ``(kind, begin, end)``; and the time of each tool, in milliseconds."""

    spans: list[tuple[int, float, float]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    by_tool: dict[str, float] = field(default_factory=dict)

    def add(self, kind: int, begin: float, end: float) -> None:
        """Take a span, if it is one."""
        if end > begin:
            self.spans.append((kind, begin, end))


def split(requests: Iterable[Asked]) -> Split:
    """The spans of a session's requests, which come in the order of their beginning."""
    found = Split()
    lines: dict[str | None, list[Asked]] = {}
    for one in requests:
        if one.failed is None:
            first = one.ended if one.first is None else min(one.first, one.ended)
            found.add(FIRST_TOKEN, one.began, first)
            found.add(ANSWERING, first, one.ended)
        if not one.beside:
            lines.setdefault(one.agent, []).append(one)
        elif one.failed is not None:
            found.add(RETRIES, one.began, one.ended)
    for agent, line in lines.items():
        for one, following in zip(line, [*line[1:], None], strict=True):
            _after(found, one, following, is_main=agent is None)
    return found


def _after(found: Split, one: Asked, following: Asked | None, *, is_main: bool) -> None:
    """What went on between a request and the next one of its agent."""
    until = one.ended if following is None else max(one.ended, following.began)
    if one.failed is not None:
        again = following is not None and _is_again(one, following)
        end = until if again else one.ended
        found.add(RETRIES, one.began, end)
        found.lost.append(Lost(one.began, end - one.began, one.failed))
        if not again and is_main:
            found.add(WAITING, one.ended, min(until, one.ended + IDLE_AFTER))
    elif one.calls and following is not None:
        _tools(found, one, following, until)
    elif not one.calls and is_main:
        found.add(WAITING, one.ended, min(until, one.ended + IDLE_AFTER))


def _is_again(one: Asked, following: Asked) -> bool:
    if one.tip is not None and following.tip is not None:
        return one.tip == following.tip
    return following.began - one.ended <= LONGEST_PAUSE


def _tools(found: Split, one: Asked, following: Asked, until: float) -> None:
    names = set(one.calls)
    if names <= ASKING:
        found.add(WAITING, one.ended, min(until, one.ended + IDLE_AFTER))
        return
    begin = one.ended
    told: Mapping[str, float] = _summed(following.durations)
    if names <= told.keys():
        # What none of the tools took, a human did: the client asks before it runs them.
        spare = (until - begin) - sum(told.values()) / 1000
        if spare > UNTIMED and not names <= SPAWNING:
            found.add(WAITING, begin, min(begin + spare, begin + IDLE_AFTER))
            begin += spare
    kind = AGENTS if names <= SPAWNING else TOOLS
    found.add(kind, begin, until)
    for name in names:
        lasted = min(told.get(name, (until - begin) * 1000), (until - begin) * 1000)
        found.by_tool[name] = found.by_tool.get(name, 0.0) + lasted


def _summed(durations: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, milliseconds in durations:
        found[name] = found.get(name, 0.0) + milliseconds
    return found


def added_up(found: Split) -> Times:
    """The sums: each moment once."""
    sums = _by_kind(found.spans)
    total = 0.0
    if found.spans:
        begins, ends = [span[1] for span in found.spans], [span[2] for span in found.spans]
        total = max(ends) - min(begins)
    known = sum(sums.values())
    slowest = sorted(found.by_tool, key=lambda name: -found.by_tool[name])
    return {
        "model_ms": _ms(sums[ANSWERING] + sums[FIRST_TOKEN]),
        "first_token_ms": _ms(sums[FIRST_TOKEN]),
        "tools_ms": _ms(sums[TOOLS] + sums[AGENTS]),
        "retries_ms": _ms(sums[RETRIES]),
        "waiting_ms": _ms(sums[WAITING]),
        "idle_ms": _ms(max(0.0, total - known)),
        "total_ms": _ms(total),
        "by_tool": {name: round(found.by_tool[name], 1) for name in slowest},
    }


def _by_kind(spans: Iterable[tuple[int, float, float]]) -> dict[int, float]:
    """Seconds by kind; where several are, the first counts."""
    changes: list[tuple[float, int, int]] = []
    for kind, begin, end in spans:
        changes += [(begin, kind, 1), (end, kind, -1)]
    changes.sort()
    sums, there, before = dict.fromkeys(range(6), 0.0), [0] * 6, 0.0
    for at, kind, step in changes:
        first = next((one for one in range(6) if there[one]), None)
        if first is not None:
            sums[first] += at - before
        there[kind] += step
        before = at
    return sums


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
