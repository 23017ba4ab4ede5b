"""The same file was read again, and had not changed."""

from __future__ import annotations

from collections.abc import Iterator

from claude_lens.findings.again import LEAST, Key, file_read, key_of, loss, said
from claude_lens.findings.losses import Kind, Loss, Sum, named, times
from claude_lens.findings.session import Session
from claude_lens.units import money


def losses(session: Session) -> Iterator[Loss]:
    """Every reading whose words the agent still had before it."""
    for brought in session.brought.values():
        known: dict[tuple[int, Key], str] = {}
        for one in brought:
            path = file_read(one)
            if path is None:
                continue
            key, words = (one.compactions, key_of(one)), said(one)
            if known.get(key) == words and len(words) >= LEAST and not one.claimed:
                yield loss(one, path)
            known[key] = words


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    often = f"Files were read again {times(found.count)} though they had not changed"
    text = f"{often}: {named(found.labels)}; {money(found.usd)}."
    return text, 'add to CLAUDE.md: "Do not read a file again that you have read and nobody has changed."'


KIND = Kind("read-again", losses, told)
