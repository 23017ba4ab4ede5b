"""Where a session's money went: by agent, what was read fresh, written to the cache, read from it, said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from sqlalchemy import Connection, RowMapping

from claude_lens.exchange import Usage
from claude_lens.store.reading import turns
from claude_lens.store.schema import TOKENS
from claude_lens.wire import pricing

PARTS: Final = ("fresh", "write", "read", "output")


class Spent(TypedDict):
    """An agent's costs in US dollars, which add up to ``usd``; of ``usd`` the cache's misses cost ``missed``.

    ``unpriced`` requests used tokens at an unknown price; ``other`` is what no count of tokens tells.
    """

    agent_id: str | None
    agent: str
    usd: float
    fresh: float
    write: float
    read: float
    output: float
    other: float
    missed: float
    requests: int
    unpriced: int


def spent(
    connection: Connection, rows: Sequence[RowMapping], missed: Sequence[Mapping[str, Any]]
) -> list[Spent]:
    """The agents of rows of ``exchanges``, the dearest first."""
    facts = turns.load(connection, {row["facts"] for row in rows if row["facts"] is not None})
    found: dict[str | None, Spent] = {}
    for row in rows:
        if row["input_tokens"] is None and row["cost_usd"] is None:
            continue
        one = found.setdefault(row["agent_id"], _nothing(row))
        one["requests"] += 1
        if row["cost_usd"] is None:
            one["unpriced"] += bool(row["output_tokens"])
            continue
        one["usd"] += row["cost_usd"]
        for name, usd in _parts(row, (facts.get(row["facts"]) or {}).get("prices") or {}).items():
            one[name] += usd  # type: ignore[literal-required]
    for miss in missed:
        if miss["agent_id"] in found:
            found[miss["agent_id"]]["missed"] += miss["usd"] or 0.0
    return sorted(found.values(), key=lambda one: -one["usd"])


def _nothing(row: RowMapping) -> Spent:
    name = row["agent_name"] or row["agent_type"] or row["agent_id"] or "main"
    zero = dict.fromkeys(("usd", *PARTS, "other", "missed"), 0.0)
    return {"agent_id": row["agent_id"], "agent": name, "requests": 0, "unpriced": 0, **zero}  # type: ignore[typeddict-item]


def _parts(row: RowMapping, prices: Mapping[str, Any]) -> dict[str, float]:
    """The parts of one request's cost; what its tokens do not explain (fast mode, searches) is ``other``."""
    usage = Usage(**{name: row[name] or 0 for name in TOKENS})
    rates = pricing.rates(prices, usage.prompt_tokens)
    if rates is None:
        return {"other": row["cost_usd"]}
    long = usage.cache_creation_1h_input_tokens
    short = max(usage.cache_creation_5m_input_tokens, usage.cache_creation_input_tokens - long)
    parts = {
        "fresh": usage.input_tokens * rates[pricing.INPUT],
        "write": short * rates[pricing.CACHE_WRITE_5M] + long * rates[pricing.CACHE_WRITE_1H],
        "read": usage.cache_read_input_tokens * rates[pricing.CACHE_READ],
        "output": usage.output_tokens * rates[pricing.OUTPUT],
    }
    rest = row["cost_usd"] - sum(parts.values())
    if rest < 0:
        # Cheaper than its tokens at list price: each part as much.
        scale = row["cost_usd"] / sum(parts.values())
        return {name: usd * scale for name, usd in parts.items()}
    return {**parts, "other": rest if rest > 1e-9 else 0.0}
