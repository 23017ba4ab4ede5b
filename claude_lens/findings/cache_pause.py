"""The cache was lost to a pause; and what the cache that lives for an hour would have cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from claude_lens.findings.losses import Kind, Loss, Sum
from claude_lens.findings.misses import again, loss, missed
from claude_lens.findings.session import Session
from claude_lens.store.insight.sent import ONE_HOUR
from claude_lens.units import money
from claude_lens.wire import pricing

ENABLE: Final = "ENABLE_PROMPT_CACHING_1H=1"
"""What makes Claude Code ask for the hour, since 2.1.108."""


def losses(session: Session) -> Iterator[Loss]:
    """Every request that came after its cache's lifetime; ``saved`` and ``dearer`` are about the hour."""
    found = list(missed(session, {"expired"}))
    kept = {
        one.id: reason["missed_tokens"] or 0
        for one, reason in found
        if (reason["gap_s"] or 0.0) <= ONE_HOUR and (reason["lifetime_s"] or ONE_HOUR) < ONE_HOUR
    }
    dearer = _dearer(session, kept) if kept else 0.0
    for one, reason in found:
        extra = {"hours": float((reason["gap_s"] or 0.0) > ONE_HOUR)}
        if one.id in kept:
            extra |= {"saved": reason["cost_usd"] or 0.0, "dearer": dearer}
            dearer = 0.0
        yield loss(one, reason, extra=extra)


def _dearer(session: Session, kept: dict[str, int]) -> float:
    """What writing for an hour would have cost beyond writing for five minutes, without what is kept."""
    dollars = 0.0
    for one in session.asked:
        if one.usage is None or one.rates is None:
            continue
        long = one.usage.cache_creation_1h_input_tokens
        short = max(one.usage.cache_creation_5m_input_tokens, one.usage.cache_creation_input_tokens - long, 0)
        more = one.rates[pricing.CACHE_WRITE_1H] - one.rates[pricing.CACHE_WRITE_5M]
        dollars += max(short - kept.get(one.id, 0), 0) * more
    return dollars


def told(found: Sum) -> tuple[str, str]:
    """In words, with what the hour would have come to."""
    pauses = "A pause" if found.count == 1 else f"{found.count:,} pauses"
    text = f"{pauses} outlasted the prompt cache: {again(found)}."
    saved, dearer = found.extra.get("saved", 0.0), found.extra.get("dearer", 0.0)
    if saved:
        text += f" The 1 h cache would have cost {money(dearer)} more to write and saved {money(saved)}."
    if saved > dearer:
        return text, f"export {ENABLE}"
    return text, "/compact before a long pause, or /clear and begin anew after it"


KIND = Kind("cache-pause", losses, told, by_project=False)
