"""A long result that nobody came back to: it was sent again with every request that followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from claude_lens import exact
from claude_lens.findings.again import file_read
from claude_lens.findings.losses import Kind, Loss, Sum, named
from claude_lens.findings.session import Asked, Brought, Session
from claude_lens.messages.blocks import blocks, kind
from claude_lens.units import money, size

LONG: Final = 20_000
"""Characters that make a result a long one."""
LEAST_LATER: Final = 2
"""Requests that must have sent it again; the answer that came first may have used all of it."""
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{4,}")
_REMEDIES: Final = {
    "Bash": "export BASH_MAX_OUTPUT_LENGTH=8000",
    "Read": 'add to CLAUDE.md: "Read long files in parts, with offset and limit."',
    "WebFetch": 'add to CLAUDE.md: "Ask WebFetch for the answer, not for the page."',
}


def losses(session: Session) -> Iterator[Loss]:
    """What it cost to carry each long result of which no later answer says a word of its own."""
    for agent, brought in session.brought.items():
        line = session.conversations[agent]
        for one in brought:
            if one.claimed or len(one.result.text) < LONG or len(one.later) < LEAST_LATER:
                continue
            if _is_used(session, line, one):
                continue
            one.claimed = True
            yield Loss(
                exchange_id=one.by.id,
                at=one.by.at,
                project=one.by.step.summary["project"],
                usd=one.tokens * sum(each.carried for each in one.later),
                tokens=one.tokens * len(one.later),
                subject=one.call.name,
                label=file_read(one) or "",
                extra={"bytes": float(len(one.result.text)), "requests": float(len(one.later))},
            )


def _is_used(session: Session, line: list[Asked], one: Brought) -> bool:
    """Whether an answer after the first has a word that came with the result, and with nothing before it."""
    own = set(_WORD.findall(one.result.text))
    for earlier in line[: one.place + 1]:
        for key in earlier.step.fresh:
            if key in session.contents:
                own -= _words(session.contents[key], without=one)
        if earlier is not one.by:
            own -= _words(session.answer(earlier))
    return any(own & _words(session.answer(later)) for later in one.later)


def _words(message: Any, without: Brought | None = None) -> set[str]:
    found: set[str] = set()
    for block in blocks(message):
        if without is not None and block is without.result.block:
            continue
        # A signature is no word, and neither is a picture.
        if kind(block) != "image":
            block = {name: value for name, value in block.items() if name not in ("signature", "data", "id")}
            found |= set(_WORD.findall(exact.dump(block).decode("utf-8", "replace")))
    return found


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    often = round(found.extra["requests"] / found.count)
    what = "A result" if found.count == 1 else f"{found.count:,} results"
    text = (
        f"{what} of {found.subject} of {size(round(found.extra['bytes'] / found.count))} went along with "
        f"{often:,} more requests and {'was' if found.count == 1 else 'were'} never used again"
    )
    text += f" ({named(found.labels)})" if found.labels else ""
    default = (
        "export MAX_MCP_OUTPUT_TOKENS=5000" if found.subject.startswith("mcp__") else "/clear between tasks"
    )
    return f"{text}: {money(found.usd)}.", _REMEDIES.get(found.subject, default)


KIND = Kind("unused-results", losses, told)
