"""The cache was lost to a changed system prompt, or to a changed CLAUDE.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from claude_lens.findings.losses import Kind, Loss, Sum, times
from claude_lens.findings.misses import again, loss, missed
from claude_lens.findings.session import Asked, Session
from claude_lens.messages.blocks import blocks, text
from claude_lens.store.insight.why import Reason

MEMORY: Final = "CLAUDE.md"
SYSTEM: Final = "system"
_MEMORY: Final = re.compile(r"CLAUDE(?:\.local)?\.md|# claudeMd")


def losses(session: Session) -> Iterator[Loss]:
    """Every request whose system prompt, or the memory files in its first messages, was not the same."""
    for one, reason in missed(session, {"system", "history"}):
        if _is_memory(one, reason):
            yield loss(one, reason, MEMORY)
        elif reason["cause"] == SYSTEM:
            yield loss(one, reason, SYSTEM)


def _is_memory(one: Asked, reason: Reason) -> bool:
    """Whether the lines that changed first stand where the client puts the memory files."""
    lines = [line for change in reason["diff"][:1] for line in change["diff"]]
    came = [line[1:].strip() for line in lines if line.startswith("+")]
    told = [words for words in came or [line[1:].strip() for line in lines if line.startswith(" ")] if words]
    memory = "\n".join(
        words[found.start() :] for words in _texts(one.changed) if (found := _MEMORY.search(words))
    )
    # As the difference has it: JSON, but for the ends of lines.
    shown = json.dumps(memory, ensure_ascii=False).replace("\\n", "\n")
    return bool(memory) and any(line in shown for line in told)


def _texts(element: Any) -> list[str]:
    return [
        words
        for block in ([element] if text(element) is not None else blocks(element))
        if (words := text(block))
    ]


def told(found: Sum) -> tuple[str, str]:
    """In words; the remedy shows what changed."""
    what = "The system prompt" if found.subject == SYSTEM else MEMORY
    said = f"{what} changed {times(found.count)} in the middle of a session: {again(found)}."
    if found.subject == MEMORY:
        return said, "edit CLAUDE.md between sessions: /clear after an edit costs less than resuming"
    return said, f"lensctl why {found.dearest()}  (shows what changed; keep dates and states out of it)"


KIND = Kind("cache-system", losses, told)
