"""Thinking that came to nothing: its answer was cut before a word or a call of it was there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from claude_lens.findings.losses import Kind, Loss, Sum
from claude_lens.findings.session import Asked, Session
from claude_lens.messages.blocks import blocks, kind, text
from claude_lens.store.insight.causes import thousands
from claude_lens.store.insight.context import estimated
from claude_lens.units import money
from claude_lens.wire import pricing

_CUT: Final = frozenset({"cancelled", "interrupted", "error"})
_LIMIT: Final = "max_tokens"


def losses(session: Session) -> Iterator[Loss]:
    """Every answer that is nothing but thoughts and has no end of its own."""
    for one in session.asked:
        summary = one.step.summary
        limit = summary["stop_reason"] == _LIMIT
        if not limit and summary["status"] not in _CUT:
            continue
        message = session.answer(one)
        if not blocks(message) or any(_says(block) for block in blocks(message)):
            continue
        # The provider counts an answer at its end; of one that was cut there are only the words.
        told = one.usage.output_tokens if limit and one.usage else 0
        tokens = told or round(estimated({"role": "assistant", "content": message["content"]}))
        yield Loss(
            exchange_id=one.id,
            at=one.at,
            project=summary["project"],
            usd=tokens * _rate(session, one),
            tokens=tokens,
            ms=summary["duration_ms"] or 0.0,
            measured=bool(told),
            subject=_LIMIT if limit else "cut",
        )


def _says(block: Any) -> bool:
    return kind(block) != "thinking" and not (kind(block) == "text" and not (text(block) or "").strip())


def _rate(session: Session, one: Asked) -> float:
    """What a token of the answer cost; of one without prices, by another answer of the same model."""
    model = one.step.summary["model"]
    rates = one.rates or next(
        (each.rates for each in session.asked if each.rates and each.step.summary["model"] == model), None
    )
    return rates[pricing.OUTPUT] if rates else 0.0


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    what = "An answer was" if found.count == 1 else f"{found.count:,} answers were"
    if found.subject == _LIMIT:
        text = f"{what} all thinking when max_tokens cut {'it' if found.count == 1 else 'them'}"
        remedy = "export CLAUDE_CODE_MAX_OUTPUT_TOKENS=64000"
    else:
        text = f"{what} cut while the model was still thinking"
        remedy = "/effort medium  (less thinking before the first word)"
    return (
        f"{text}: {thousands(found.tokens)} tokens of thoughts came to nothing, {money(found.usd)}.",
        remedy,
    )


KIND = Kind("cut-thinking", losses, told, by_project=False)
