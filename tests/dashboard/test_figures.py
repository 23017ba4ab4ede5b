"""The charts of the numbers page."""

from __future__ import annotations

from claude_lens.dashboard.charts import REST, Chart, Colours
from claude_lens.dashboard.figures import MOST, Figures, filled, speeds, tool_times
from claude_lens.store.numbers.distributions import EVERYTHING

SUMS = dict.fromkeys(
    (
        "requests",
        "errors",
        "cost_usd",
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_5m_input_tokens",
        "cache_creation_1h_input_tokens",
    ),
    0.0,
)
FOUND = {
    "2026-01-30": {"m1": SUMS | {"cost_usd": 2.0, "requests": 5, "errors": 1, "input_tokens": 7}},
    "2026-02-01": {"m2": SUMS | {"cost_usd": 3.0, "requests": 1}, "m3": SUMS | {"cost_usd": 4.0}},
}


def link(at: str, group: str | None) -> str:
    return f"/{at}/{group}"


def figures() -> Figures:
    return Figures.of(FOUND, "day", link, Colours())


def values(chart: Chart, row: int) -> dict[str, tuple[float, str]]:
    """Value and link by series."""
    cells = zip(chart.series, chart.rows[row].cells, strict=True)
    return {series.name: (cell.value, cell.link) for series, cell in cells if cell}


def test_empty_moments_are_there_too() -> None:
    shown = filled(FOUND, "day")
    assert len(shown) == 14
    assert [at for at, _ in shown][-3:] == ["2026-01-30", "2026-01-31", "2026-02-01"]
    assert filled({}, "day") == []
    hours = filled({"2026-01-30T23:00+0100": {}, "2026-01-31T01:00+0100": {}}, "hour")
    assert [at for at, _ in hours][-2:] == ["2026-01-31T00:00+0100", "2026-01-31T01:00+0100"]


def test_the_newest_are_shown_and_it_says_so() -> None:
    found = {"2025-01-01": {}, **FOUND}
    chart = Figures.of(found, "day", link, Colours()).costs([])
    assert len(chart.rows) == MOST
    assert chart.note == "a day, the newest 120"
    assert figures().costs([]).note == "a day"


def test_cost_by_group_and_the_rest() -> None:
    chart = figures().costs(["m1", "m2"])
    assert [one.name for one in chart.series] == ["m1", "m2", REST]
    assert values(chart, -3) == {"m1": (2.0, "/2026-01-30/m1")}
    assert values(chart, -1) == {"m2": (3.0, "/2026-02-01/m2"), REST: (4.0, "")}
    assert chart.rows[-1].link == "/2026-02-01/None"
    assert chart.rows[-2].link == ""
    assert [one.name for one in figures().costs([]).series] == ["cost"]


def test_tokens_and_requests() -> None:
    assert values(figures().tokens(), -3) == {"fresh input": (7.0, "")}
    assert values(figures().requests(), -3) == {
        "answered": (4.0, ""),
        "errors": (1.0, "/2026-01-30/None&status=error"),
    }


def test_errors_by_group_lead_to_what_failed() -> None:
    assert values(figures().errors(["m1"]), -3) == {"m1": (1.0, "/2026-01-30/m1&status=error")}
    assert values(figures().errors(["m2"]), -3) == {REST: (1.0, "/2026-01-30/None&status=error")}
    assert [one.name for one in figures().errors([]).series] == ["errors"]


def test_hours_know_their_moment() -> None:
    found = {"2026-01-30T23:00+0100": {"Bash": {"calls": 3.0, "errors": 0.0}}}
    drawn = Figures.of(found, "hour", link, Colours())
    chart = drawn.tools("k", "t", "calls", ["Bash"])
    assert chart.rows[-1].at == "2026-01-30T23:00:00+01:00"
    assert chart.note == "an hour"
    assert drawn.tools("k", "t", "errors", ["Bash"]).series == []


def test_speeds_by_model() -> None:
    times = {"m1": {"ttft": {160: 5}}, "m2": {"ttft": {160: 50}, "speed": {90: 5}}}
    first, rate = speeds(dict(times), link, Colours())  # type: ignore[arg-type]
    assert [(one.name, one.link) for one in first.series] == [("m2", "//m2"), ("m1", "//m1")]
    assert [one.name for one in rate.series] == ["m2"]
    assert rate.series[0].colour == first.series[0].colour
    (whole, _) = speeds({EVERYTHING: {"ttft": {160: 5}}}, link, Colours())
    assert whole.series[0].link == "//None"


def test_times_of_tools() -> None:
    chart = tool_times({"Bash": {160: 5}}, link, Colours())
    assert chart.series[0].link == "//Bash"
