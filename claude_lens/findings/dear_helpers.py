"""A dear model answered what the client asks for itself: titles, digests, suggestions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from claude_lens.errors import HostError
from claude_lens.exchange import Usage
from claude_lens.findings.losses import Kind, Loss, Sum, times
from claude_lens.findings.session import Session
from claude_lens.messages.helpers import AUXILIARY
from claude_lens.store.maintenance.prices import prices_of
from claude_lens.units import money
from claude_lens.wire import pricing

SMALL: Final = "claude-haiku-4-5"
"""What Claude Code itself asks such things."""


def losses(session: Session) -> Iterator[Loss]:
    """Every helper request, with what it cost beyond what the small model would have."""
    prices = _small_prices()
    for one in session.asked:
        summary, usage = one.step.summary, one.usage
        if one.helper != AUXILIARY or usage is None or summary["cost_usd"] is None:
            continue
        # Another model has another cache: all of the prompt would have been new to it.
        prompt = Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.output_tokens)
        instead = pricing.cost(prompt, prices)
        if instead is not None and summary["cost_usd"] > instead:
            yield Loss(
                exchange_id=one.id,
                at=one.at,
                project=summary["project"],
                usd=summary["cost_usd"] - instead,
                tokens=usage.prompt_tokens + usage.output_tokens,
                subject=summary["model"]["routed"] or summary["model"]["requested"] or "",
            )


@lru_cache(maxsize=1)
def _small_prices() -> Mapping[str, Any]:
    try:
        return prices_of(SMALL, "anthropic") or {}
    except HostError:
        return {}


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    text = (
        f"{found.subject} was asked {times(found.count)} for titles, digests and the like: "
        f"{money(found.usd)} more than {SMALL} would have cost."
    )
    return text, f"export ANTHROPIC_DEFAULT_HAIKU_MODEL={SMALL}"


KIND = Kind("dear-helpers", losses, told, by_project=False)
