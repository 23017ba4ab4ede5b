"""What results that are brought again have in common: which result of which call is the same as another."""

from __future__ import annotations

from typing import Any, Final

from claude_lens import exact
from claude_lens.findings.losses import Loss
from claude_lens.findings.session import Brought, input_of
from claude_lens.messages.written import without_reminder
from claude_lens.store.insight.context import file_of

LEAST: Final = 400
"""Characters; a shorter result costs nothing worth telling, and may only say that a file is unchanged."""
_READING: Final = frozenset({"Read", "NotebookRead", "View", "read_file", "ReadFile"})
_WORDS_ONLY: Final = frozenset({"description"})

Key = tuple[str, bytes]


def file_read(one: Brought) -> str | None:
    """The file that a result is of; None where the call read none, or it failed."""
    if one.call.name not in _READING or one.result.is_error:
        return None
    return file_of(one.call.input)


def key_of(one: Brought) -> Key:
    """The call: calls with the same key ask for the same."""
    asked = {name: value for name, value in sorted(input_of(one.call).items()) if name not in _WORDS_ONLY}
    return one.call.name, exact.dump(asked)


def said(one: Brought) -> str:
    """What a result says, without the client's reminders behind it; images by their data."""
    content: Any = one.result.content
    if isinstance(content, list) and any(not isinstance(x, dict) or x.get("type") != "text" for x in content):
        return exact.dump(content).decode("utf-8", "replace")
    return without_reminder(one.result.text)[0]


def loss(one: Brought, label: str, subject: str = "") -> Loss:
    """All that it cost to send a result; nothing else counts it after that."""
    one.claimed = True
    return Loss(
        exchange_id=one.by.id,
        at=one.by.at,
        project=one.by.step.summary["project"],
        usd=one.usd,
        tokens=one.tokens * (1 + len(one.later)),
        subject=subject,
        label=label,
    )
