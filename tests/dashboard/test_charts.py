"""Charts as tables: series that have values, steps that hold nearly everything."""

from __future__ import annotations

import pytest

from claude_lens.dashboard.charts import REST, Colours, Column, distribution, over_time
from claude_lens.store.numbers.totals import bin_of


def test_series_stand_in_their_order_and_only_where_they_have_values() -> None:
    columns = [
        Column("1 Jan", {"b": (1.0, "/b"), "a": (3.0, "/a"), "none": (0.0, "")}, "/day"),
        Column("2 Jan", {}),
    ]
    chart = over_time("k", "Title", "money", columns, ["a", "none", "b", "unknown"], Colours())
    assert [one.name for one in chart.series] == ["a", "b"]
    first, second = chart.rows
    assert [(cell.value, cell.text, cell.link) for cell in first.cells if cell] == [
        (3.0, "$3.0000", "/a"),
        (1.0, "$1.0000", "/b"),
    ]
    assert (first.words, first.link) == ("1 Jan", "/day")
    assert list(second.cells) == [None, None]


def test_nothing_to_draw() -> None:
    assert over_time("k", "t", "count", [], ["a"], Colours()).series == []
    empty = distribution("k", "t", "duration", {"a": {}}, Colours(), links=str)
    assert (empty.series, empty.rows) == ([], [])


def test_colours_stay_with_their_names() -> None:
    colours = Colours()
    assert colours.of("one") == "a1"
    assert colours.of("two") == "a2"
    assert colours.of("one") == "a1"
    assert (colours.of("errors"), colours.of(REST)) == ("bad", "a0")
    assert len({colours.of(f"model {number}") for number in range(5)}) == 5


@pytest.mark.parametrize("form", ["duration", "speed"])
def test_a_distribution_holds_every_share(form: str) -> None:
    bins: dict[int, int] = {}
    for value in range(100, 1100):
        bins[bin_of(value)] = bins.get(bin_of(value), 0) + 1
    chart = distribution("k", "t", form, {"m": bins}, Colours(), links=lambda name: f"/{name}")  # type: ignore[arg-type]
    shares = [row.cells[0].value for row in chart.rows if row.cells[0]]
    assert sum(shares) == pytest.approx(100)
    assert shares[0] == shares[-1] == 0
    (series,) = chart.series
    assert series.link == "/m"
    assert 550 < series.half < 650 < 1000 < series.most == chart.furthest < 1100
    said = {"duration": ("half within", "within 1.1 s"), "speed": ("half below", "below 1069 tokens/s")}[form]
    assert series.note.startswith(said[0])
    assert series.note.endswith(said[1])


def test_a_few_far_away_do_not_stretch_it() -> None:
    bins = {bin_of(1000): 10_000, bin_of(3_600_000): 1}
    chart = distribution("k", "t", "duration", {"m": bins}, Colours(), links=str)
    assert len(chart.rows) == 3
    assert chart.rows[1].words == "843 ms to 1.0 s"
