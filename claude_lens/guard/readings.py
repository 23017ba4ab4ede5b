"""Readings of a subscription's windows: ``anthropic-ratelimit-unified-*`` in the headers of an answer."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

from claude_lens.exchange import Exchange, Headers
from claude_lens.guard.events import Reading

PREFIX: Final = "anthropic-ratelimit-unified-"
# Where LiteLLM answers, headers of the provider come under this prefix too.
_ECHO: Final = "llm_provider-"
_USED: Final = re.compile(r"([0-9]+[a-z]+(?:_[a-z0-9]+)?)-utilization")


def unified(headers: Headers) -> dict[str, str]:
    """What the headers say of the windows, by what follows :data:`PREFIX`: ``5h-utilization`` …"""
    found: dict[str, str] = {}
    for name, value in headers:
        bare = name.lower().removeprefix(_ECHO)
        if bare.startswith(PREFIX):
            found.setdefault(bare.removeprefix(PREFIX), value.strip())
    return found


def readings_of(exchange: Exchange) -> tuple[Reading, ...]:
    """The windows that an answer tells of; none where it has no such headers. Nothing here raises.

    The moment is that of the answer's headers; ``account`` is that of the request, empty where it has none.
    """
    told = unified(exchange.response.headers) if exchange.response else {}
    if not told:
        return ()
    at = exchange.started_at + (exchange.ttfb_ms or exchange.duration_ms or 0.0) / 1000
    found = []
    for name, value in told.items():
        window = _USED.fullmatch(name)
        used = number(value)
        if window is None or used is None:
            continue
        status = told.get(f"{window[1]}-status") or told.get("status")
        found.append(
            Reading(
                account=exchange.identity.user_id or "",
                name=window[1],
                used=used,
                resets_at=_moment(told.get(f"{window[1]}-reset")),
                at=at,
                status=status,
                representative=_representative(told.get("representative-claim"), window[1]),
            )
        )
    return tuple(found)


def number(text: str) -> float | None:
    """A share of 1 that makes sense; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value < 1000 else None


def _moment(text: str | None) -> float | None:
    """Seconds since the epoch, as they are or as an ISO time."""
    if not text:
        return None
    try:
        value = float(text)
        return value if math.isfinite(value) and value > 0 else None
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


_CLAIMS: Final = {"five_hour": "5h", "seven_day": "7d"}


def _representative(claim: str | None, window: str) -> bool:
    return claim is not None and _CLAIMS.get(claim, claim) == window
