"""How much a request may cost before it is known: from its body, ``max_tokens``, and what others cost."""

from __future__ import annotations

import re
from collections import deque
from typing import Final

from claude_lens.capture.inflight import InFlight
from claude_lens.guard.events import Spent
from claude_lens.guard.ledger import Ledger
from claude_lens.guard.rules import Who
from claude_lens.wire import pricing

BYTES_PER_TOKEN: Final = 4
FEWEST_BYTES_PER_TOKEN: Final = 3
USUAL_OUTPUT: Final = 4096
FRESH: Final = 0.25
"""Part of a long conversation that is not read from the cache for a tenth of the price, roughly."""
RECENT: Final = 32
MODELS: Final = 512
TAIL: Final = 8192
_MAX_TOKENS: Final = re.compile(rb'"max_tokens":\s*(\d{1,9})')


class Reserving:
    """Estimates, and what was learned from priced exchanges, by model and agent."""

    def __init__(self) -> None:
        self._rates: dict[str, tuple[float, float, float] | None] = {}
        self._costs: dict[tuple[str | None, str | None], deque[float]] = {}
        self._served: dict[str, str] = {}

    def estimate(self, flight: InFlight, who: Who) -> tuple[float, float]:
        """Dollars that the request will likely cost, and at most; (0, 0) where no price is known."""
        rates = self._prices(flight, who.model)
        if rates is None:
            return 0.0, 0.0
        fresh, written, out = rates
        size, limit = len(flight.body), max_tokens(flight.body)
        likely = size / BYTES_PER_TOKEN * fresh * FRESH + min(limit, USUAL_OUTPUT) * out
        most = size / FEWEST_BYTES_PER_TOKEN * max(fresh, written) + limit * out
        seen = self._costs.get((who.model, who.agent)) or self._costs.get((who.model, None))
        if seen:
            likely, most = max(likely, sum(seen) / len(seen)), max(most, max(seen))
        return likely, max(likely, most)

    def must_learn(self, exchange_id: str, who: Who, ledger: Ledger) -> bool:
        """Whether another request to this model, of which nothing is known, is in flight already."""
        if (who.model, None) in self._costs or self._rates.get(who.model or "") is None:
            return False
        return any(
            one.who.model == who.model and one.id != exchange_id and one.most > 0
            for one in ledger.in_flight()
        )

    def learn(self, spent: Spent) -> None:
        """Keep in mind what an exchange cost."""
        priced = spent.requests - spent.unpriced
        if spent.refused is not None or spent.free or priced < 1:
            return
        for key in ((spent.who.model, spent.who.agent), (spent.who.model, None)):
            seen = self._costs.get(key)
            if seen is None:
                if len(self._costs) >= MODELS:
                    self._costs.pop(next(iter(self._costs)))
                seen = self._costs[key] = deque(maxlen=RECENT)
            seen.append(spent.usd / priced)

    def served(self, flight: InFlight) -> None:
        """Keep in mind which model answers another's name."""
        asked = flight.target or flight.requested_model
        if asked and flight.routed_model and flight.routed_model != asked and len(self._served) < MODELS:
            self._served[asked] = flight.routed_model

    def answering(self, model: str | None) -> str | None:
        """The model that answers a name, as far as is known."""
        return self._served.get(model, model) if model else model

    def _prices(self, flight: InFlight, model: str | None) -> tuple[float, float, float] | None:
        """Dollars a token: input, written to the cache, output."""
        name = model or ""
        if name not in self._rates:
            if len(self._rates) >= MODELS:
                self._rates.clear()
            entry = flight.price(name, flight.provider)
            rates = pricing.rates(entry, 0) if entry else None
            kinds = (pricing.INPUT, pricing.CACHE_WRITE_5M, pricing.OUTPUT)
            fresh, written, out = (rates[kind] for kind in kinds) if rates else (0.0, 0.0, 0.0)
            self._rates[name] = (fresh, written, out) if rates else None
        return self._rates[name]


def max_tokens(body: bytes) -> int:
    """The request's own limit of output; the usual output where it names none. Looked for near the ends."""
    for part in (body[-TAIL:], body[:TAIL]):
        if found := _MAX_TOKENS.search(part):
            return int(found[1])
    return USUAL_OUTPUT
