"""The waterfall of a session: model calls, tools and agents in lanes, as numbers a template can draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from claude_lens.dashboard import conversation
from claude_lens.dashboard.templating import agent_colour, agent_name
from claude_lens.store.reading.turns import Step
from claude_lens.units import duration

WIDTH: Final = 1000.0
ROW: Final = 22
LEAST: Final = 1.5
MOST_BARS: Final = 4_000


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
class Chart:
    """Everything drawn; ``ticks`` are ``(x, words)``; ``total_ms`` is the time from left to right."""

    lanes: list[Lane]
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    height: int
    total_ms: float


def chart(steps: Sequence[Step]) -> Chart:
    """Arrange the exchanges of a session. Long pauses between prompts are left as they are: zoom in."""
    starts = [_seconds(step.summary["started_at"]) for step in steps]
    ends = [at + (step.summary["duration_ms"] or 0) / 1000 for at, step in zip(starts, steps, strict=True)]
    first, last = min(starts), max(*ends, min(starts) + 0.001)
    scale = WIDTH / (last - first)
    order = _order(steps)
    rows = {agent: index for index, (agent, _, _) in enumerate(order)}
    bars: list[Bar] = []
    finished: dict[str | None, float] = {}
    for step, start, end in list(zip(steps, starts, ends, strict=True))[:MOST_BARS]:
        agent = step.summary["agent"]["id"]
        y = rows[agent] * ROW
        if not conversation.is_side(step):
            bars += _tools(step, finished.get(agent, start), start, first, scale, y)
            finished[agent] = end
        bars.append(_bar(step, start, end, first, scale, y))
    lanes = [Lane(name, agent_colour(agent), rows[agent] * ROW, depth) for agent, name, depth in order]
    ticks = [(WIDTH * part / 4, duration((last - first) * 250 * part)) for part in range(5)]
    return Chart(lanes, bars, ticks, len(order) * ROW, (last - first) * 1000)


def _bar(step: Step, start: float, end: float, first: float, scale: float, y: int) -> Bar:
    one = step.summary
    kind = "side" if conversation.is_side(step) else one["status"]
    label = f"{one['request_class'] or 'request'}, {one['status']}, {duration(one['duration_ms'])}"
    return Bar(kind, _x(start, first, scale), max((end - start) * scale, LEAST), y, one["id"], label)


def _tools(step: Step, after: float, until: float, first: float, scale: float, y: int) -> list[Bar]:
    """Tools ran between the answer that called them and the request that brought their results."""
    found = []
    for name, spent in conversation.tool_durations(step).items():
        start = max(after, until - spent / 1000)
        width = max((until - start) * scale, LEAST)
        label = f"{name}, {duration(spent)}"
        found.append(Bar("tool", _x(start, first, scale), width, y, step.summary["id"], label))
    return found


def _order(steps: Sequence[Step]) -> list[tuple[str | None, str, int]]:
    """Agents as they began, each below its parent, with name and depth."""
    began: dict[str | None, Step] = {}
    for step in steps:
        began.setdefault(step.summary["agent"]["id"], step)
    found: list[tuple[str | None, str, int]] = []

    def add(agent: str | None, depth: int) -> None:
        if any(agent == known for known, _, _ in found):
            return
        found.append((agent, agent_name(began[agent].summary["agent"]), depth))
        for child, step in began.items():
            if child is not None and step.summary["agent"]["parent_id"] == agent and agent is not None:
                add(child, depth + 1)

    if None in began:
        add(None, 0)
    for agent, step in began.items():
        parent = step.summary["agent"]["parent_id"]
        if parent is None or parent not in began:
            add(agent, 1)
    for agent in began:
        add(agent, 2)
    return found


def _x(at: float, first: float, scale: float) -> float:
    return round((at - first) * scale, 2)


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
