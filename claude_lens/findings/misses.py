"""What misses of the prompt cache have in common as losses: what ``why`` found, at what it cost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from claude_lens.findings.losses import Loss, Sum
from claude_lens.findings.session import Asked, Session
from claude_lens.store.insight.causes import thousands
from claude_lens.store.insight.why import MISSED, Reason
from claude_lens.units import money


def missed(session: Session, causes: Collection[str]) -> Iterator[tuple[Asked, Reason]]:
    """The requests that missed the cache for one of these causes."""
    for one in session.asked:
        reason = one.reason
        if reason is not None and reason["verdict"] in MISSED and reason["cause"] in causes:
            yield one, reason


def loss(
    one: Asked, reason: Reason, subject: str = "", label: str = "", extra: Mapping[str, float] | None = None
) -> Loss:
    """What a miss cost."""
    return Loss(
        exchange_id=one.id,
        at=one.at,
        project=one.step.summary["project"],
        usd=reason["cost_usd"] or 0.0,
        tokens=reason["missed_tokens"] or 0,
        measured=not reason["estimated"],
        subject=subject,
        label=label,
        extra=extra or {},
    )


def again(found: Sum) -> str:
    """``120.0k tokens were written again, $0.4500 more than reading them``."""
    return f"{thousands(found.tokens)} tokens were paid again, {money(found.usd)} more than reading them"
