from __future__ import annotations

import pytest

from claude_lens.exchange import Model, Usage
from claude_lens.store.numbers import percentiles
from claude_lens.store.numbers.distributions import EVERYTHING, distributions
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


@pytest.fixture
def filled(sink: StoreSink, reader: Reader, make: Make) -> Reader:
    """Thirty answers of two models and two projects."""
    for number in range(30):
        one = make(
            body_of("a"),
            message_of(number),
            model=Model(requested="m", routed=f"m{number % 2}", provider="p"),
            project=f"/p{number % 3}",
            ttft_ms=100.0 + 10 * number,
            duration_ms=3000.0,
            usage=Usage(output_tokens=100),
        )
        sink.ended(one)
    sink.flush()
    return reader


def test_by_model_from_either_source(filled: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled.connect() as connection:
        exact = distributions(connection, Filter(), 30)
        assert set(exact) == {"m0", "m1"}
        assert sum(exact["m0"]["ttft"].values()) == 15
        assert sum(exact["m1"]["speed"].values()) == 15
        narrow = distributions(connection, Filter(project="/p1"), 10)
        assert sum(narrow["m0"]["ttft"].values()) == 5
        monkeypatch.setattr(percentiles, "ONE_BY_ONE", 0)
        assert distributions(connection, Filter(), 30) == exact


def test_what_cannot_be_told_apart_is_one(filled: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(percentiles, "ONE_BY_ONE", 0)
    with filled.connect() as connection:
        whole = distributions(connection, Filter(project="/p1"), 10)
        assert list(whole) == [EVERYTHING]
        assert sum(whole[EVERYTHING]["ttft"].values()) == 10
        assert distributions(connection, Filter(project="/p1", branch="main"), 10) == {}
