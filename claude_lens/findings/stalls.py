"""Minutes in which a provider did not answer, or stopped in the middle of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from claude_lens.findings.losses import Kind, Loss, Sum, times
from claude_lens.findings.session import Asked, Session
from claude_lens.units import duration

LEAST: Final = 15_000.0
"""Milliseconds beyond what was to be expected that make a stall."""
_PATIENCE: Final = 10_000.0
"""A first token may always take so long, ms."""
_SLOWEST: Final = 0.02
"""Output tokens a millisecond; slower than this no model is."""


def losses(session: Session) -> Iterator[Loss]:
    """Every exchange that took much longer than the session's others of its model."""
    lines: dict[str | None, list[Asked]] = {}
    for one in session.asked:
        lines.setdefault(
            one.step.summary["model"]["routed"] or one.step.summary["model"]["requested"], []
        ).append(one)
    for model, line in lines.items():
        usual = _usual_first(line)
        for one in line:
            lost = _lost(one, usual)
            if lost >= LEAST:
                summary = one.step.summary
                subject = summary["model"]["provider"] or model or "the provider"
                yield Loss(
                    exchange_id=one.id, at=one.at, project=summary["project"], ms=lost, subject=subject
                )


def _usual_first(line: Sequence[Asked]) -> float:
    """Milliseconds to the first token, of half of the answers."""
    found = [first for one in line if (first := one.step.summary["ttft_ms"]) is not None]
    return median(found) if found else 0.0


def _lost(one: Asked, usual: float) -> float:
    summary = one.step.summary
    whole, first = summary["duration_ms"] or 0.0, summary["ttft_ms"]
    if summary["status"] in ("running", "refused"):
        return 0.0
    allowed = min(max(_PATIENCE, 3 * usual), max(_PATIENCE, 60_000.0))
    if first is None:
        return whole if whole > allowed + LEAST else 0.0
    waited = first - usual if first > allowed else 0.0
    tokens = one.usage.output_tokens if one.usage else 0
    streamed = whole - first - tokens / _SLOWEST
    return max(waited, 0.0) + max(streamed, 0.0)


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    often = f"{found.subject} stalled {times(found.count)}"
    text = f"{often}: {duration(found.ms)} of waiting in which nothing came."
    return text, "add a fallback for this model to litellm_config.yaml (router_settings: fallbacks)"


KIND = Kind("stalled", losses, told, by_project=False)
