"""``exchanges.cost_parts``: what of a cost other models took, and rows told apart by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import orjson

from claude_lens.exchange import CostPart, Usage
from claude_lens.store.schema import TOKENS


class Part(TypedDict):
    """A :class:`CostPart` as JSON shows it."""

    kind: str
    model: str
    cost_usd: float | None
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int
    cache_creation_5m_input_tokens: int
    cache_creation_1h_input_tokens: int


def packed(parts: Sequence[CostPart]) -> str | None:
    """The column's text; None for no parts."""
    listed = [
        [part.kind, _clean(part.model), part.usd, *(getattr(part.usage, name) for name in TOKENS)]
        for part in parts
    ]
    return orjson.dumps(listed).decode() if listed else None


def unpacked(column: str | None) -> list[Part]:
    """The parts of a row."""
    names = ("kind", "model", "cost_usd", *TOKENS)
    return [dict(zip(names, one, strict=True)) for one in orjson.loads(column)] if column else []  # type: ignore[misc]


def restored(column: str | None) -> tuple[CostPart, ...]:
    """The parts as they were recorded."""
    return tuple(
        CostPart(
            kind=part["kind"],
            model=part["model"],
            usage=Usage(**{name: part[name] for name in TOKENS}),
            usd=part["cost_usd"],
        )
        for part in unpacked(column)
    )


def by_model(row: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], int]]:
    """A row of ``exchanges`` told apart by models: ``(row, requests)``, one of its own, then a row a part.

    What each cost and took adds up to the whole; only the first is a request.
    """
    parts = unpacked(row["cost_parts"])
    if not parts:
        yield row, 1
        return
    beside = sum(part["cost_usd"] or 0.0 for part in parts)
    asked = row["cost_usd"] if row["cost_requested_usd"] is None else row["cost_requested_usd"]
    own = {
        name: None if whole is None else whole - beside
        for name, whole in (("cost_usd", row["cost_usd"]), ("cost_requested_usd", asked))
    }
    yield {**row, **own}, 1
    for part in parts:
        took = {name: part[name] for name in TOKENS}
        cost = {"cost_usd": part["cost_usd"], "cost_requested_usd": part["cost_usd"]}
        nothing = {"status": "ok", "duration_ms": None, "ttft_ms": None}
        yield {**row, **took, **cost, **nothing, "model_routed": part["model"]}, 0


def _clean(name: str) -> str:
    return name.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
