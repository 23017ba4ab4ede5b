"""Charts as tables: what a template writes as a table of numbers with links, the page draws.

A chart holds nothing but its table, so nobody who cannot see it misses anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from claude_lens.store.numbers.totals import percentile, value_of
from claude_lens.units import count, duration, money

Form = Literal["money", "count", "duration", "speed"]
Kind = Literal["bars", "strips"]

MERGED: Final = 4
"""Bins of a histogram that make a step of a distribution: a quarter of a doubling."""
_TAIL: Final = 0.002
"""Share at each end of a distribution that is not shown."""
_SAID: Final[Mapping[Form, Callable[[float], str]]] = {
    "money": money,
    "count": count,
    "duration": duration,
    "speed": lambda value: f"{value:.0f}",
}


@dataclass(frozen=True, slots=True)
class Series:
    """A column: its name, a colour of ours by name, where it leads, and more words for the legend.

    ``half`` and ``most`` of a distribution: what half and 95 % of its values are within.
    """

    name: str
    colour: str
    link: str = ""
    note: str = ""
    half: float = 0.0
    most: float = 0.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, what it is called, and where it leads, if that is elsewhere than its row."""

    value: float
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in a row, one cell a series, None for nothing. ``at``: the moment, where it is an hour."""

    words: str
    cells: Sequence[Cell | None]
    link: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """``key`` names it within the page; values of ``strips`` are percent, those of ``bars`` in ``form``."""

    key: str
    title: str
    kind: Kind
    form: Form
    series: Sequence[Series]
    rows: Sequence[Row]
    note: str = ""
    head: str = ""

    @property
    def furthest(self) -> float:
        """Where the longest strip ends."""
        return max((one.most for one in self.series), default=0.0)


@dataclass(frozen=True, slots=True)
class Column:
    """A moment before it is a row: its words, and for each series' name the value and where it leads."""

    words: str
    parts: Mapping[str, tuple[float, str]]
    link: str = ""
    at: str = ""


@dataclass(slots=True)
class Colours:
    """Colours by the names of series, the same for the same name wherever it is on a page."""

    known: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """A colour's name."""
        if name in _FIXED:
            return _FIXED[name]
        return self.known.setdefault(name, f"a{len(self.known) % 7 + 1}")


REST: Final = "the rest"
_FIXED: Final = {
    "errors": "bad",
    "from cache": "hit",
    REST: "a0",
    "answered": "a1",
    "cost": "a1",
    "fresh input": "a1",
    "to cache, 5 min": "a5",
    "to cache, 1 h": "a2",
    "output": "a4",
}


def over_time(
    key: str,
    title: str,
    form: Form,
    columns: Sequence[Column],
    names: Sequence[str],
    colours: Colours,
    *,
    note: str = "",
    head: str = "",
) -> Chart:
    """Bars that stand on each other in the order of ``names``; series without any value are left out."""
    used = [name for name in names if any(column.parts.get(name, (0.0, ""))[0] > 0 for column in columns)]
    rows = [
        Row(column.words, [_cell(column.parts.get(name), form) for name in used], column.link, column.at)
        for column in columns
    ]
    return Chart(
        key, title, "bars", form, [Series(name, colours.of(name)) for name in used], rows, note, head
    )


def _cell(part: tuple[float, str] | None, form: Form) -> Cell | None:
    return Cell(part[0], _SAID[form](part[0]), part[1]) if part is not None and part[0] > 0 else None


def distribution(
    key: str,
    title: str,
    form: Form,
    histograms: Mapping[str, Mapping[int, int]],
    colours: Colours,
    *,
    links: Callable[[str], str],
    note: str = "",
    head: str = "",
) -> Chart:
    """A strip for each histogram (of ``totals.bin_of``): half and 95 % of its values, on one scale.

    The rows tell which share of them lies in each step.
    """
    told = {name: _steps(bins) for name, bins in histograms.items() if sum(bins.values()) > 0}
    ends = [_ends(steps) for steps in told.values()]
    first, last = min((a for a, _ in ends), default=0), max((b for _, b in ends), default=-1)
    said = _SAID[form]
    rows = []
    for step in range(first, last + 1):
        low, high = _edge(step), _edge(step + 1)
        shares = (100 * steps.get(step, 0) / sum(steps.values()) for steps in told.values())
        cells = [Cell(share, f"{share:.1f} %") for share in shares]
        rows.append(Row(f"{said(low)} to {said(high)}", cells))
    series = [
        Series(
            name,
            colours.of(name),
            links(name),
            _within(histograms[name], said, form),
            percentile(histograms[name], 0.5) or 0.0,
            percentile(histograms[name], 0.95) or 0.0,
        )
        for name in told
    ]
    return Chart(key, title, "strips", form, series, rows, note, head)


def _steps(bins: Mapping[int, int]) -> dict[int, int]:
    steps: dict[int, int] = {}
    for bin, number in bins.items():
        steps[bin // MERGED] = steps.get(bin // MERGED, 0) + number
    return steps


def _edge(step: int) -> float:
    """Where a step begins: half a bin before the middle of its first one."""
    return float(value_of(step * MERGED) * value_of(-1) ** 0.5)


def _ends(steps: Mapping[int, int]) -> tuple[int, int]:
    """The steps that nearly all values lie in, and one beside them at each end."""
    whole, seen = sum(steps.values()), 0
    inside = []
    for step in sorted(steps):
        seen += steps[step]
        if seen > whole * _TAIL:
            inside.append(step)
        if seen >= whole * (1 - _TAIL):
            break
    return inside[0] - 1, inside[-1] + 1


def _within(bins: Mapping[int, int], said: Callable[[float], str], form: Form) -> str:
    half, most = percentile(bins, 0.5), percentile(bins, 0.95)
    if half is None or most is None:
        return ""
    if form == "speed":
        return f"half below {said(half)}, 95 % below {said(most)} tokens/s"
    return f"half within {said(half)}, 95 % within {said(most)}"
