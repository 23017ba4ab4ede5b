"""Parts of a cost add up to it, whatever is known of its prices."""

from __future__ import annotations

import pytest

from claude_lens.exchange import Agent, Cost, Usage
from claude_lens.store.happened.digests import _rows
from claude_lens.store.happened.money import Spent, spent
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

PRICES = {
    "input_cost_per_token": 1e-6,
    "output_cost_per_token": 5e-6,
    "cache_read_input_token_cost": 1e-7,
    "cache_creation_input_token_cost": 1.25e-6,
    "cache_creation_input_token_cost_above_1hr": 2e-6,
}
USAGE = Usage(
    input_tokens=100,
    output_tokens=200,
    cache_read_input_tokens=1000,
    cache_creation_input_tokens=500,
    cache_creation_5m_input_tokens=300,
    cache_creation_1h_input_tokens=200,
)
EXACT = 100e-6 + 1000e-6 + 100e-6 + 300 * 1.25e-6 + 200 * 2e-6


def of(sink: StoreSink, url: str) -> list[Spent]:
    sink.flush()
    with Reader(url) as reader, reader.connect() as connection:
        return spent(connection, _rows(connection, 1), [{"agent_id": None, "usd": 0.5}])


@pytest.mark.parametrize("usd", [EXACT, EXACT * 2, EXACT / 2])
def test_parts_add_up(sink: StoreSink, url: str, make: Make, usd: float) -> None:
    sink.ended(make(body_of("a"), message_of(0), usage=USAGE, cost=Cost(usd=usd, prices=PRICES)))
    (main,) = of(sink, url)
    parts = {name: main[name] for name in ("fresh", "write", "read", "output", "other")}
    assert sum(parts.values()) == pytest.approx(usd)
    assert main["missed"] == 0.5
    if usd == EXACT:
        assert parts["write"] == pytest.approx(300 * 1.25e-6 + 200 * 2e-6)
        assert parts["read"] == pytest.approx(100e-6)


def test_agents_apart_and_unknown_prices_counted(sink: StoreSink, url: str, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0), cost=Cost(usd=None)))
    agent = Agent(id="a1", type="Explore")
    sink.ended(make(body_of("b"), message_of(0), agent=agent, cost=Cost(usd=0.2)))
    explore, main = of(sink, url)
    assert (explore["agent"], explore["usd"], explore["other"]) == ("Explore", 0.2, 0.2)
    assert (main["agent"], main["usd"], main["unpriced"]) == ("main", 0.0, 1)
