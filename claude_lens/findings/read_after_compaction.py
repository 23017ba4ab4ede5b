"""After a compaction the same files were read again, as the summary did not say what was in them."""

from __future__ import annotations

from collections.abc import Iterator

from claude_lens.findings.again import LEAST, Key, file_read, key_of, loss, said
from claude_lens.findings.losses import Kind, Loss, Sum, named, times
from claude_lens.findings.session import Session
from claude_lens.units import money


def losses(session: Session) -> Iterator[Loss]:
    """Every first reading after a compaction of what had been read before it."""
    for brought in session.brought.values():
        known: dict[Key, tuple[int, str]] = {}
        for one in brought:
            path = file_read(one)
            if path is None:
                continue
            words = said(one)
            compactions, before = known.get(key_of(one), (one.compactions, ""))
            if compactions < one.compactions and before == words and len(words) >= LEAST and not one.claimed:
                yield loss(one, path)
            known[key_of(one)] = (one.compactions, words)


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    often = f"After a compaction files were read again {times(found.count)}"
    text = f"{often}: {named(found.labels)}; {money(found.usd)}."
    return text, "/compact keep the contents of the files that are being worked on"


KIND = Kind("read-after-compaction", losses, told)
