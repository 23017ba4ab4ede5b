"""Bar charts as numbers that a template draws: every bar is a link, named for those who do not see it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 1000.0
HEIGHT: Final = 200.0
_GAP: Final = 0.22
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a column, in units of the drawing; ``series`` counts from 1, ``label`` says all of it."""

    x: float
    y: float
    width: float
    height: float
    series: int
    label: str
    link: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns from left to right, some words below them, lines with their values behind them."""

    bars: list[Bar]
    lines: list[tuple[float, float]]
    words: list[tuple[float, str]]
    series: list[str]
    most: float


@dataclass(frozen=True, slots=True)
class Column:
    """One moment: its words, and for each series its value, what it says and where it leads."""

    words: str
    parts: Sequence[tuple[str, float, str, str]]


def stacked(columns: Sequence[Column], series: Sequence[str]) -> Chart:
    """Columns whose parts stand on each other, in the order of ``series``."""
    most = ceiling(max((sum(part[1] for part in column.parts) for column in columns), default=0.0))
    step = WIDTH / max(len(columns), 1)
    numbers: Mapping[str, int] = {name: index + 1 for index, name in enumerate(series)}
    bars: list[Bar] = []
    for index, column in enumerate(columns):
        base = HEIGHT
        for name, value, label, link in sorted(column.parts, key=lambda part: numbers.get(part[0], 0)):
            height = HEIGHT * value / most if most else 0.0
            if height <= 0:
                continue
            base -= height
            x, width = index * step + step * _GAP / 2, step * (1 - _GAP)
            bars.append(Bar(_r(x), _r(base), _r(width), _r(height), numbers.get(name, 0), label, link))
    every = max(1, math.ceil(len(columns) / 8))
    words = [
        (_r(100 * (index + 0.5) / len(columns)), column.words)
        for index, column in enumerate(columns)
        if index % every == 0
    ]
    lines = [(_r(HEIGHT * (1 - part / 4)), most * part / 4) for part in range(5)] if most else []
    return Chart(bars, lines, words, list(series), most)


def ceiling(value: float) -> float:
    """A round number that is not below ``value``."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in _STEPS if power * step >= value * (1 - 1e-9))


def _r(value: float) -> float:
    return round(value, 2)
