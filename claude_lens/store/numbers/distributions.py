"""How times and speeds are spread: the histograms behind the percentiles, by the model that answered."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func

from claude_lens.store.numbers import percentiles
from claude_lens.store.numbers.percentiles import Histograms
from claude_lens.store.reading.filters import Filter
from claude_lens.store.schema import exchanges

EVERYTHING: Final = "all"
"""The name of what cannot be told apart by model."""


def distributions(connection: Connection, wanted: Filter, requests: int) -> Histograms:
    """``ttft`` (ms) and ``speed`` (tokens/s) by model, of about so many ``requests``.

    Where the filter leaves no histogram by model, all together; empty where there is none of that either.
    """
    if requests <= percentiles.ONE_BY_ONE:
        model = func.coalesce(exchanges.c.model_routed, exchanges.c.model_requested)
        return percentiles.one_by_one(connection, wanted, model, _named)
    by_model = percentiles.kept(connection, wanted, "model", _named)
    if by_model:
        return by_model
    whole = percentiles.kept(connection, wanted, None, _named)
    return {EVERYTHING: whole[None]} if whole else {}


def _named(value: str | None) -> str:
    return value or "unknown"
