from __future__ import annotations

from typing import Any

import pytest

from claude_lens.exchange import Agent, Model, Usage
from claude_lens.store.numbers import percentiles
from claude_lens.store.numbers.stats import stats
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

DAY = 86400.0
AGENTS = (Agent(), Agent(id="a", type="Explore"), Agent(id="b", type="custom", name="reviewer"))


@pytest.fixture
def filled(sink: StoreSink, reader: Reader, make: Make) -> Reader:
    for number in range(90):
        one = make(
            body_of("a"),
            message_of(number),
            at=10 * DAY + number * DAY / 30,
            agent=AGENTS[number % 3],
            model=Model(requested="m", routed=f"m{number % 2}", provider="p"),
            project=f"/p{number % 5}",
            ttft_ms=100.0 + 10 * number,
            duration_ms=3000.0,
            usage=Usage(output_tokens=100),
        )
        sink.ended(one)
    sink.flush()
    return reader


@pytest.mark.parametrize("by", [None, "day", "agent", "class", "model", "provider", "project", "branch"])
@pytest.mark.parametrize("wanted", [{}, {"agent": "Explore"}, {"project": "/p3"}, {"routed": "m1"}], ids=str)
def test_kept_histograms_agree_with_the_exchanges(
    filled: Reader, monkeypatch: pytest.MonkeyPatch, by: str | None, wanted: dict[str, Any]
) -> None:
    with filled.connect() as connection:
        exact = stats(connection, Filter(**wanted), by=by)
        monkeypatch.setattr(percentiles, "ONE_BY_ONE", 0)
        kept = stats(connection, Filter(**wanted), by=by)
    told = [one["ttft_ms_p95"] is not None for one in kept["groups"]]
    assert all(told) or not any(told)
    for one, other in zip((exact["total"], *exact["groups"]), (kept["total"], *kept["groups"]), strict=True):
        assert one["requests"] == other["requests"]
        for name in ("ttft_ms_p50", "ttft_ms_p95", "speed_p50", "speed_p95"):
            assert one[name] is not None
            assert other[name] in (None, one[name])
    if not wanted:
        assert all(told)


def test_what_cannot_be_told_apart_has_none(filled: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(percentiles, "ONE_BY_ONE", 0)
    with filled.connect() as connection:
        found = stats(connection, Filter(agent="Explore", project="/p1"), by="hour")
    assert found["total"]["requests"] == 6
    assert found["total"]["ttft_ms_p50"] is None
