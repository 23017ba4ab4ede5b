"""Sums by moment and group agree with the numbers."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest

from claude_lens.exchange import Agent, Cost, Model, Usage
from claude_lens.store.numbers.moments import GROUPED, moments, together, tool_moments
from claude_lens.store.numbers.spans import Unit
from claude_lens.store.numbers.stats import stats
from claude_lens.store.numbers.tool_stats import tools
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

DAY = 86_400.0


@pytest.fixture
def kept(make: Make, sink: StoreSink) -> None:
    """Some days of two models, an agent, an error."""
    other = Model(requested="claude-haiku-4-5", routed="gpt-5-mini", provider="openai")
    for number in range(12):
        more = {"model": other} if number % 3 == 0 else {}
        one = make(
            body_of("x"),
            message_of(0),
            at=1_760_000_000.0 + number * DAY / 5,
            agent=Agent(id="a", type="Plan") if number % 4 == 0 else None,
            request_class="subagent" if number % 4 == 0 else "main",
            cost=Cost(usd=float(number)),
            usage=Usage(input_tokens=number, output_tokens=1, cache_read_input_tokens=10),
            status="error" if number == 5 else "ok",
            **more,
        )
        sink.ended(one)
    sink.flush()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("unit", ["day", "hour"])
@pytest.mark.parametrize("by", ["model", "agent", "project", "branch", "provider", "class", None, "tool"])
def test_they_agree_with_the_numbers(reader: Reader, by: str | None, unit: Unit) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    with reader.connect() as connection:
        found = moments(connection, Filter(), by=by, unit=unit, tz=zone)
        by_time = stats(connection, by=unit, tz=zone)["groups"]
        by_group = stats(connection, by=by if by != "tool" else None, tz=zone)["groups"]
        if by in GROUPED:
            again = stats(connection, by=by, tz=zone, sums=together(found))["groups"]
            assert [one["key"] for one in again] == [one["key"] for one in by_group]
            for one, other in zip(again, by_group, strict=True):
                assert one == pytest.approx(other)
    assert list(found) == [one["key"] for one in by_time]
    for one in by_time:
        groups = found[str(one["key"])].values()
        assert sum(each["cost_usd"] for each in groups) == pytest.approx(one["cost_usd"])
        assert sum(each["requests"] for each in groups) == one["requests"]
        assert sum(each["errors"] for each in groups) == one["errors"]
        assert sum(each["input_tokens"] for each in groups) == one["input_tokens"]
    for group in by_group:
        usd = sum(
            groups[str(group["key"])]["cost_usd"] for groups in found.values() if group["key"] in groups
        )
        assert usd == pytest.approx(group["cost_usd"])


@pytest.mark.usefixtures("kept")
def test_choices(reader: Reader) -> None:
    with reader.connect() as connection:
        mini = moments(connection, Filter(model="gpt-5-mini"), by="agent", tz=UTC)
        late = moments(connection, Filter(since=1_760_000_000.0 + DAY), tz=UTC)
    assert sum(sums["requests"] for groups in mini.values() for sums in groups.values()) == 4
    assert sum(sums["requests"] for groups in late.values() for sums in groups.values()) == 7


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("unit", ["day", "hour"])
@pytest.mark.parametrize("wanted", [Filter(), Filter(model="gpt-5-mini")], ids=["all", "a model"])
def test_tools_agree_with_theirs(reader: Reader, unit: Unit, wanted: Filter) -> None:
    with reader.connect() as connection:
        found = tool_moments(connection, wanted, unit=unit, tz=UTC)
        by_time = moments(connection, wanted, unit=unit, tz=UTC)
        (bash,) = tools(connection, wanted)
        assert tools(connection, wanted, sums=together(found)) == [bash]
    assert set(found) <= set(by_time)
    assert sum(each["Bash"]["calls"] for each in found.values()) == bash["calls"] > 0
    assert sum(each["Bash"]["errors"] for each in found.values()) == bash["errors"]


def test_nothing_yet(reader: Reader) -> None:
    with reader.connect() as connection:
        assert moments(connection, Filter(), by="model") == {}
        assert tool_moments(connection, Filter()) == {}
