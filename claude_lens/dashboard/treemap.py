"""A treemap: areas that fill a rectangle, as near to squares as they go.

Source: Bruls, Huizing, van Wijk, Squarified Treemaps (2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """The place of the value at ``index``."""

    index: int
    x: float
    y: float
    width: float
    height: float


def squarified(values: Sequence[float], width: float, height: float) -> list[Tile]:
    """Places for values above zero, given in falling order; their areas are proportional to them."""
    total = sum(values)
    if total <= 0:
        return []
    scale = width * height / total
    areas = [(index, value * scale) for index, value in enumerate(values) if value > 0]
    tiles: list[Tile] = []
    x = y = 0.0
    row: list[tuple[int, float]] = []
    for item in areas:
        side = min(width, height)
        if row and _worst([*row, item], side) > _worst(row, side):
            x, y, width, height = _laid(row, x, y, width, height, tiles)
            row = []
        row.append(item)
    if row:
        _laid(row, x, y, width, height, tiles)
    return tiles


def _worst(row: Sequence[tuple[int, float]], side: float) -> float:
    """The worst ratio of sides in a row along ``side``."""
    areas = [area for _, area in row]
    whole = sum(areas)
    if side <= 0 or whole <= 0:
        return float("inf")
    return max(side**2 * max(areas) / whole**2, whole**2 / (side**2 * min(areas)))


def _laid(
    row: Sequence[tuple[int, float]], x: float, y: float, width: float, height: float, tiles: list[Tile]
) -> tuple[float, float, float, float]:
    """Place a row along the shorter side; returns what of the rectangle is left."""
    whole = sum(area for _, area in row)
    along, across = (height, width) if width >= height else (width, height)
    thick = whole / along if along else 0.0
    at = 0.0
    for index, area in row:
        length = area / thick if thick else 0.0
        if width >= height:
            tiles.append(_tile(index, x, y + at, thick, length))
        else:
            tiles.append(_tile(index, x + at, y, length, thick))
        at += length
    left = max(across - thick, 0.0)
    return (x + thick, y, left, height) if width >= height else (x, y + thick, width, left)


def _tile(index: int, *place: float) -> Tile:
    return Tile(index, *(round(value, 2) for value in place))
