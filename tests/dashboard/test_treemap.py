"""Tiles fill the rectangle, do not overlap, and are as large as they should be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.dashboard.treemap import squarified


@given(st.lists(st.floats(0.5, 1e6), min_size=1, max_size=40))
def test_areas_are_proportional_and_inside(values: list[float]) -> None:
    values = sorted(values, reverse=True)
    tiles = squarified(values, 1000, 360)
    assert [tile.index for tile in tiles] == list(range(len(values)))
    for tile in tiles:
        share = values[tile.index] / sum(values)
        assert tile.width * tile.height == pytest.approx(share * 360_000, abs=20)
        assert -0.01 <= tile.x <= tile.x + tile.width <= 1000.1
        assert -0.01 <= tile.y <= tile.y + tile.height <= 360.1


def test_equal_values_are_near_squares() -> None:
    assert all(0.4 < tile.width / tile.height < 2.5 for tile in squarified([1.0] * 12, 1000, 360))


@pytest.mark.parametrize("values", [[], [0.0], [0.0, 0.0]])
def test_nothing_to_place(values: list[float]) -> None:
    assert squarified(values, 10, 10) == []
