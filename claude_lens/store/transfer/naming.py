"""Titles that Claude Code's transcripts give sessions: the user's own before those of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import or_

from claude_lens.redact import Redactor
from claude_lens.store import database
from claude_lens.store.schema import sessions
from claude_lens.store.transfer.trees import text
from claude_lens.store.writing.titles import CLIENT, LONGEST

# Line type, the field with the title; the strongest last.
_SAID: Final = (("summary", "summary"), ("ai-title", "aiTitle"), ("custom-title", "customTitle"))
_STRENGTHS: Final = {kind: (strength, name) for strength, (kind, name) in enumerate(_SAID)}
CUSTOM: Final = len(_SAID) - 1
"""The strength of a title that the user gave."""


def is_title(raw: Mapping[str, Any]) -> bool:
    """Whether a line may have a session's title."""
    return text(raw.get("type")) in _STRENGTHS


class Titles:
    """The titles in transcripts: the strongest for each session, and of equal ones the last."""

    def __init__(self) -> None:
        self.by_session: dict[str, tuple[int, str]] = {}

    def see(self, raw: Mapping[str, Any], sessions_of: Mapping[str, str]) -> None:
        """Take a line's title, if it has one; a summary is of its leaf's session (``sessions_of``)."""
        strength, name = _STRENGTHS.get(text(raw.get("type")) or "", (-1, ""))
        words = " ".join((text(raw.get(name)) or "").split())
        session = text(raw.get("sessionId")) or sessions_of.get(text(raw.get("leafUuid")) or "")
        if words and session and strength >= self.by_session.get(session, (-1, ""))[0]:
            self.by_session[session] = strength, words


def name_sessions(url: str, titles: Mapping[str, tuple[int, str]], redactor: Redactor | None = None) -> None:
    """Give sessions that are in the store these titles. Raises :class:`StoreError`.

    A title that the client itself gave a recorded session stays, unless the user gave another.
    """
    if not titles:
        return
    address = database.parse(url)
    engine = database.open_writer(address)
    try:
        with database.plain_errors(address), engine.begin() as connection:
            for session, (strength, words) in titles.items():
                # A key that was cut might not be known as one.
                title = (redactor.text(words) if redactor else words)[:LONGEST]
                weaker = or_(sessions.c.title_rank < CLIENT, sessions.c.title.is_(None))
                connection.execute(
                    sessions.update()
                    .where(sessions.c.session_id == session, *([] if strength == CUSTOM else [weaker]))
                    .values(title=title, title_rank=CLIENT)
                )
    finally:
        engine.dispose()
