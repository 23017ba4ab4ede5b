"""Calls that fail again and again with the same words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from claude_lens.findings.losses import Kind, Loss, Sum, times
from claude_lens.findings.session import Brought, Session
from claude_lens.units import money

LEAST: Final = 3
"""Failures of one form in a session; fewer are no habit."""
_LONGEST: Final = 80
_VARIES: Final = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"</?[a-z_]+>"), " "),
    (re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`"), "…"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\w.~-]*[/\\])+[\w.-]*"), "…"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{7,}\b|\d+"), "…"),
)
_EXIT: Final = re.compile(r"\AExit code \d+\s*")


def form(text: str) -> str:
    """What stays of a message whatever it was about: without paths, numbers and quoted words."""
    words = _EXIT.sub("", text.strip())[:4000]
    for pattern, instead in _VARIES:
        words = pattern.sub(instead, words)
    lines = (" ".join(line.split()) for line in words.splitlines())
    line = next((line for line in lines if any(char.isalpha() for char in line)), "")
    return line[:_LONGEST].rstrip() or "failed"


def losses(session: Session) -> Iterator[Loss]:
    """Every failed result of a form that came often; it cost its part of the request that brought it."""
    failed: dict[str, list[Brought]] = {}
    together: Counter[str] = Counter()
    for brought in session.brought.values():
        for one in brought:
            together[one.by.id] += 1
            if one.result.is_error:
                failed.setdefault(f"{one.call.name}: {form(one.result.text)}", []).append(one)
    for subject, some in failed.items():
        if len(some) < LEAST:
            continue
        mine = Counter(one.by.id for one in some)
        for one in some:
            summary, usage = one.by.step.summary, one.by.usage
            prompt = usage.prompt_tokens if usage else 0
            yield Loss(
                exchange_id=one.by.id,
                at=one.by.at,
                project=summary["project"],
                usd=(summary["cost_usd"] or 0.0) / together[one.by.id],
                tokens=round((prompt + (usage.output_tokens if usage else 0)) / together[one.by.id]),
                ms=(summary["duration_ms"] or 0.0) / together[one.by.id],
                measured=mine[one.by.id] == together[one.by.id],
                subject=subject,
            )


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    tool, _, words = found.subject.partition(": ")
    often = f"{tool} failed {times(found.count)} with “{words}”"
    text = f"{often}: the requests that followed cost {money(found.usd)}."
    return text, f'lensctl show {found.dearest()}  (then tell CLAUDE.md how "{tool}" works here)'


KIND = Kind("failing", losses, told)
