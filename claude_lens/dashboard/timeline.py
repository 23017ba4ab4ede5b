"""The waterfall of a session: model calls, tools and agents in lanes, as numbers a template can draw."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from claude_lens.dashboard import conversation
from claude_lens.dashboard.conversation import Session
from claude_lens.store.reading.turns import Step
from claude_lens.units import duration

WIDTH: Final = 1000.0
ROW: Final = 22
LEAST: Final = 1.5
MOST_BARS: Final = 4_000
FOLDED_FROM: Final = 60.0
"""Seconds in which nothing ran that are folded."""
FOLD: Final = 0.02
"""Room that a folded pause takes, of that of all work."""


@dataclass(frozen=True, slots=True)
class Bar:
    """``x`` and ``width`` in thousandths of the whole; ``row`` counts from 0; ``label`` says what it is."""

    kind: str
    x: float
    width: float
    y: int
    exchange: str
    label: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One agent's line."""

    name: str
    colour: int
    y: int
    depth: int


@dataclass(frozen=True, slots=True)
class Fold:
    """A pause that takes less room than it did time; ``label`` says how long it was."""

    x: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: ``prompt``, ``miss`` of the cache, ``anew`` (a conversation begins after a compaction)."""

    kind: str
    x: float
    y: int
    exchange: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything drawn; ``ticks`` are ``(x, words)``; ``total_ms`` is the time from left to right.

    ``knots`` are ``(x, ms)``: between two of them time passes evenly, so that an axis can be written for any
    part of it.
    """

    lanes: list[Lane]
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    height: int
    total_ms: float
    folds: list[Fold]
    knots: list[tuple[float, float]]
    marks: list[Mark]

    @property
    def kinds(self) -> set[str]:
        """What kinds of bars and marks there are, which is what the legend names."""
        return {bar.kind for bar in self.bars} | {mark.kind for mark in self.marks}


@dataclass(frozen=True, slots=True)
class _Span:
    kind: str
    start: float
    end: float
    y: int
    exchange: str
    label: str


class _Clock:
    """Seconds to thousandths of the whole; what nobody did anything in for a minute is folded."""

    def __init__(self, spans: Sequence[_Span]) -> None:
        busy: list[list[float]] = []
        for one in sorted(spans, key=lambda span: span.start):
            if busy and one.start - busy[-1][1] < FOLDED_FROM:
                busy[-1][1] = max(busy[-1][1], one.end)
            else:
                busy.append([one.start, one.end])
        self.first, self.last = busy[0][0], max(busy[-1][1], busy[0][0] + 0.001)
        worked = sum(end - start for start, end in busy) or 0.001
        room, shown = worked * FOLD, 0.0
        self._seconds: list[float] = []
        self._shown: list[float] = []
        for start, end in busy:
            for at, more in ((start, room if self._seconds else 0.0), (end, end - start)):
                shown += more
                self._seconds.append(at)
                self._shown.append(shown)
        self._shown[-1] = max(self._shown[-1], 0.001)
        self._seconds[-1] = self.last
        self.scale = WIDTH / self._shown[-1]

    def x(self, at: float) -> float:
        """Where a moment is."""
        return round(self._between(self._seconds, self._shown, at) * self.scale, 2)

    def moment(self, x: float) -> float:
        """What moment is there."""
        return self._between(self._shown, self._seconds, x / self.scale)

    def knots(self) -> list[tuple[float, float]]:
        return [(self.x(at), round((at - self.first) * 1000)) for at in self._seconds]

    def folds(self) -> list[Fold]:
        pairs = zip(self._seconds[1:-1:2], self._seconds[2::2], strict=True)
        return [
            Fold(self.x(end), self.x(start) - self.x(end), f"pause of {duration((start - end) * 1000)}")
            for end, start in pairs
        ]

    @staticmethod
    def _between(given: list[float], wanted: list[float], at: float) -> float:
        index = min(max(bisect_right(given, at), 1), len(given) - 1)
        before, after = given[index - 1], given[index]
        share = (at - before) / (after - before) if after > before else 0.0
        return wanted[index - 1] + share * (wanted[index] - wanted[index - 1])


def chart(
    session: Session, missed: Mapping[str, str] | None = None, prompts: Mapping[str, str] | None = None
) -> Chart:
    """Arrange the exchanges of a session; long pauses are folded.

    ``missed``: what is said of requests that missed the cache, ``prompts`` the first words of those that
    brought a prompt, by the exchanges' ids.
    """
    rows = {agent: index for index, agent in enumerate(session.looks)}
    spans: list[_Span] = []
    finished: dict[str | None, float] = {}
    marks: list[_Span] = []
    for step in session.steps[:MOST_BARS]:
        start = _seconds(step.summary["started_at"])
        end = start + (step.summary["duration_ms"] or 0) / 1000
        agent = step.summary["agent"]["id"]
        y = rows[agent] * ROW
        if not conversation.is_side(step):
            spans += _tools(step, finished.get(agent, start), start, y)
            if step.compacted or (step.anew and agent in finished):
                marks.append(_mark("anew", step, start, y, "begins anew after a compaction"))
            finished[agent] = end
        for kind, said in (("prompt", prompts), ("miss", missed)):
            if words := (said or {}).get(step.summary["id"]):
                marks.append(_mark(kind, step, start, y, words))
        spans.append(_span(step, start, end, y))
    clock = _Clock(spans)
    bars = [
        Bar(
            one.kind,
            clock.x(one.start),
            max(clock.x(one.end) - clock.x(one.start), LEAST),
            one.y,
            one.exchange,
            one.label,
        )
        for one in spans
    ]
    return Chart(
        lanes=[
            Lane(look.name, look.colour, rows[agent] * ROW, look.depth)
            for agent, look in session.looks.items()
        ],
        bars=bars,
        ticks=[
            (WIDTH * part / 4, duration((clock.moment(WIDTH * part / 4) - clock.first) * 1000))
            for part in range(5)
        ],
        height=len(rows) * ROW,
        total_ms=(clock.last - clock.first) * 1000,
        folds=clock.folds(),
        knots=clock.knots(),
        marks=[Mark(one.kind, clock.x(one.start), one.y, one.exchange, one.label) for one in marks],
    )


def _span(step: Step, start: float, end: float, y: int) -> _Span:
    one = step.summary
    kind = "side" if conversation.is_side(step) else one["status"]
    label = f"{one['request_class'] or 'request'}, {one['status']}, {duration(one['duration_ms'])}"
    return _Span(kind, start, end, y, one["id"], label)


def _mark(kind: str, step: Step, at: float, y: int, label: str) -> _Span:
    return _Span(kind, at, at, y, step.summary["id"], label)


def _tools(step: Step, after: float, until: float, y: int) -> list[_Span]:
    """Tools ran between the answer that called them and the request that brought their results."""
    return [
        _Span(
            "tool",
            max(after, until - spent / 1000),
            until,
            y,
            step.summary["id"],
            f"{name}, {duration(spent)}",
        )
        for name, spent in conversation.tool_durations(step).items()
    ]


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
