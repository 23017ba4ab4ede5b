from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from claude_lens.exchange import Cost, Model, Usage
from claude_lens.store.maintenance.reprice import reprice
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.numbers.stats import stats
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.restore import restored
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

USAGE = Usage(
    input_tokens=1000,
    output_tokens=100,
    cache_read_input_tokens=10_000,
    cache_creation_input_tokens=3000,
    cache_creation_5m_input_tokens=2000,
    cache_creation_1h_input_tokens=1000,
)
PRICES = {
    "input_cost_per_token": 5e-6,
    "output_cost_per_token": 25e-6,
    "cache_read_input_token_cost": 0.5e-6,
    "cache_creation_input_token_cost": 6.25e-6,
    "cache_creation_input_token_cost_above_1hr": 10e-6,
    "max_tokens": 9,
}
# 1000 x 5 + 100 x 25 + 10,000 x 0.5 + 2000 x 6.25 + 1000 x 10, in millionths
USD = 0.035


def lookup(model: str | None, provider: str | None) -> Mapping[str, Any] | None:
    return PRICES if model == "claude-opus-5-5" else None


@pytest.fixture
def filled(sink: StoreSink, reader: Reader, make: Make) -> Reader:
    other = Model(requested="claude-opus-5-5", routed="mystery", provider="x")
    sink.ended(make(body_of("a"), message_of(0), usage=USAGE, cost=Cost(usd=None)))
    sink.ended(make(body_of("b"), message_of(0), usage=USAGE, cost=Cost(usd=9.0), session="two"))
    sink.ended(make(body_of("c"), message_of(0), usage=USAGE, cost=Cost(usd=7.0), model=other))
    sink.ended(make(body_of("d"), {"error": {}}, usage=None, cost=Cost(usd=0.0), status="error"))
    sink.flush()
    return reader


def test_costs_and_totals_and_prices_are_new(url: str, filled: Reader) -> None:
    done = reprice(url, lookup=lookup)

    assert (done.looked_at, done.changed, done.unknown) == (3, 2, 1)
    assert done.before_usd == 16.0
    assert done.after_usd == pytest.approx(7.0 + 2 * USD)
    with filled.connect() as connection:
        total = stats(connection)["total"]
        found = restored(connection)
    assert total["cost_usd"] == pytest.approx(7.0 + 2 * USD)
    assert total["unpriced"] == 0
    assert [one.cost.usd for one in found] == [pytest.approx(USD), pytest.approx(USD), 7.0, 0.0]
    assert found[0].cost.prices == {name: value for name, value in PRICES.items() if name != "max_tokens"}
    assert verify(filled).sound
    assert reprice(url, lookup=lookup).changed == 0


def test_only_what_is_chosen(url: str, filled: Reader) -> None:
    assert reprice(url, Filter(session="two"), lookup=lookup).changed == 1
    assert filled.session("two")["cost_usd"] == pytest.approx(USD)
    assert filled.session("1111")["unpriced"] == 1


def test_a_dry_run_changes_nothing(url: str, filled: Reader) -> None:
    assert reprice(url, lookup=lookup, dry_run=True).changed == 2
    assert filled.session("two")["cost_usd"] == 9.0


def test_fast_mode_is_in_the_answer(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    answer = message_of(0)
    answer["usage"]["speed"] = "fast"
    sink.ended(make(body_of("a"), answer, usage=USAGE, cost=Cost(usd=1.0)))
    sink.flush()
    reprice(url, lookup=lambda *_: {**PRICES, "provider_specific_entry": {"fast": 6.0}})
    assert reader.exchange("last")["cost_usd"] == pytest.approx(6 * USD)


def test_retired_models_have_a_price(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    names = ("claude-sonnet-4-20250514", "claude-3-opus-20240229")
    for number, name in enumerate(names):
        model = Model(requested=name, routed=name, provider="anthropic")
        sink.ended(make(body_of(name), message_of(number), usage=USAGE, cost=Cost(usd=None), model=model))
    sink.flush()
    done = reprice(url)
    assert (done.changed, done.unknown) == (2, 0)
    # In millionths: 1000 x 3 + 100 x 15 + 10,000 x 0.3 + 2000 x 3.75 + 1000 x 6, and five times that.
    assert done.after_usd == pytest.approx(0.021 * 6)
