"""What one answer took of several models: an adviser's, a fallback's, a summary's tokens, each at its price.

Source: Anthropic's ``usage.iterations``, and how Claude Code adds them up to its own total: what an adviser
(``advisor_message``) or a summary (``compaction``) took stands beside the totals of ``usage``; where another
model took over (``fallback_message``), its entries are billed instead of the totals, but for the last one of
an answer that was refused all the same. A ``message`` is what the totals are about, or was not billed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from claude_lens.exchange import CostPart, Usage
from claude_lens.wire import pricing
from claude_lens.wire.usage import usage_of

Prices = Mapping[str, Any]
Lookup = Callable[[str], Prices | None]
"""The price map's entry of a model; None where it has no known price."""

_ADVISER, _SUMMARY, _FALLBACK = "advisor_message", "compaction", "fallback_message"
_DATED = re.compile(r"(?:[-@]20\d{6}|-latest|-0)\Z")
_CONTEXT = re.compile(r"\[[^\]]*\]\Z")


def served(answer: Mapping[str, Any] | None) -> str | None:
    """The model that an Anthropic answer says it came from; the last one where others took over."""
    if not answer:
        return None
    told = answer.get("usage")
    hops = [_model(entry) for entry in _entries(told) if entry.get("type") == _FALLBACK]
    model = next((name for name in reversed(hops) if name), None) or answer.get("model")
    return model if isinstance(model, str) and model else None


def is_same(one: str, other: str) -> bool:
    """Whether two names of models differ in nothing but their date: an alias and what it stands for."""
    return _bare(one) == _bare(other)


def priced(
    usage: Usage, prices: Prices, answer: Mapping[str, Any], lookup: Lookup
) -> tuple[float | None, tuple[CostPart, ...]]:
    """``(dollars of everything, parts of it that are not the answering model's own)``.

    ``prices`` are the answering model's, ``lookup`` tells those of others. None where one has no known price.
    """
    told = answer.get("usage")
    told = told if isinstance(told, Mapping) else {}
    hops = [entry for entry in _entries(told) if entry.get("type") == _FALLBACK and _model(entry)]
    extra = list(_beside(told, prices, lookup, served(answer)))
    if hops:
        usd, earlier = _fallen_back(
            hops, told, prices, lookup, refused=answer.get("stop_reason") == "refusal"
        )
        extra += earlier
    else:
        usd = pricing.cost(usage, prices, told)
    shares = [usd, *(part.usd for part in extra)]
    known = [share for share in shares if share is not None]
    return (sum(known) if len(known) == len(shares) else None), tuple(extra)


def _beside(
    told: Mapping[str, Any], prices: Prices, lookup: Lookup, served_by: str | None
) -> Iterator[CostPart]:
    for entry in _entries(told):
        kind, model = entry.get("type"), _model(entry)
        usage = usage_of({"usage": entry})
        if usage is None:
            continue
        if kind == _ADVISER and model:
            about = {"inference_geo": told.get("inference_geo")}
            yield _part("advisor", model, usage, _prices(model, served_by, prices, lookup), about)
        elif kind == _SUMMARY:
            model = model or served_by or ""
            yield _part("compaction", model, usage, _prices(model, served_by, prices, lookup), _terms(told))


def _fallen_back(
    hops: list[Mapping[str, Any]], told: Mapping[str, Any], prices: Prices, lookup: Lookup, *, refused: bool
) -> tuple[float | None, list[CostPart]]:
    """What the last model took, searches included, and the parts of those before it."""
    last = hops[-1]
    served_by = _model(last)
    # The client prices a fallback's cache writes as the shorter-lived ones.
    plain = [
        usage_of({"usage": {k: v for k, v in hop.items() if k != "cache_creation"}}) or Usage()
        for hop in hops
    ]
    usd = 0.0 if refused else pricing.cost(plain[-1], prices, _terms(told))
    first = _prices(_model(hops[0]) or "", served_by, prices, lookup)
    searches = pricing.cost(Usage(), first or {}, {"server_tool_use": told.get("server_tool_use")})
    if usd is not None:
        usd = None if searches is None else usd + searches
    return usd, [
        _part(
            "fallback",
            model,
            taken,
            _prices(model, served_by, prices, lookup),
            _terms(told),
        )
        for hop, taken in zip(hops[:-1], plain, strict=False)
        if (model := _model(hop))
    ]


def _part(kind: str, model: str, usage: Usage, prices: Prices | None, told: Mapping[str, Any]) -> CostPart:
    return CostPart(
        kind=kind, model=model, usage=usage, usd=pricing.cost(usage, prices, told) if prices else None
    )


def _prices(model: str, served_by: str | None, prices: Prices, lookup: Lookup) -> Prices | None:
    return prices if model == served_by else lookup(model)


def _terms(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told.get(name) for name in ("speed", "inference_geo")}


def _entries(told: object) -> list[Mapping[str, Any]]:
    entries = told.get("iterations") if isinstance(told, Mapping) else None
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _model(entry: Mapping[str, Any]) -> str | None:
    model = entry.get("model")
    return model if isinstance(model, str) and model else None


def _bare(name: str) -> str:
    return _DATED.sub("", _CONTEXT.sub("", name.rpartition("/")[2]).lower())
