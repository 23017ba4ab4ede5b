"""Readings of a subscription's windows as rows, beside the exchange whose answer told them."""

from __future__ import annotations

from typing import Any

from claude_lens.exchange import Exchange
from claude_lens.guard.readings import readings_of
from claude_lens.store.rows import text


def rows(exchange: Exchange, key: int) -> list[dict[str, Any]]:
    """The rows of ``plan_readings`` for an exchange with this key."""
    return [
        {
            "exchange": key,
            "window": one.name,
            "account": text(one.account),
            "at": one.at,
            "used": one.used,
            "resets_at": one.resets_at,
            "status": text(one.status),
            "representative": int(one.representative),
        }
        for one in readings_of(exchange)
    ]
