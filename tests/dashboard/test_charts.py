"""Columns that stand on each other, with round numbers beside them."""

from __future__ import annotations

import pytest

from claude_lens.dashboard.charts import HEIGHT, WIDTH, Column, ceiling, stacked


@pytest.mark.parametrize(
    ("value", "above"),
    [(0, 0), (0.3, 0.5), (1, 1), (1.1, 2), (2.3, 2.5), (4, 5), (7, 10), (12, 20), (99, 100)],
)
def test_round_numbers(value: float, above: float) -> None:
    assert ceiling(value) == pytest.approx(above)


def test_parts_stand_on_each_other() -> None:
    column = Column("Mon", [("b", 1.0, "b: 1", "/b"), ("a", 3.0, "a: 3", "/a")])
    chart = stacked([column, Column("Tue", [])], ["a", "b"])
    low, high = chart.bars
    assert (low.label, low.link, low.series) == ("a: 3", "/a", 1)
    assert low.y + low.height == pytest.approx(HEIGHT)
    assert high.y + high.height == pytest.approx(low.y)
    assert high.height == pytest.approx(HEIGHT / 5)
    assert 0 <= low.x < low.x + low.width <= WIDTH / 2
    assert chart.lines[0] == (HEIGHT, 0.0)
    assert chart.lines[-1] == (0.0, 5.0)


def test_few_words_below_many_columns() -> None:
    chart = stacked([Column(str(n), [("a", 1.0, "", "")]) for n in range(90)], ["a"])
    assert len(chart.words) <= 8
    assert len(chart.bars) == 90


def test_nothing_to_draw() -> None:
    assert stacked([], []).bars == []
    empty = stacked([Column("x", [("a", 0.0, "", "")])], ["a"])
    assert (empty.bars, empty.lines) == ([], [])
