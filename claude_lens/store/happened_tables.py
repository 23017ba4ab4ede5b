"""The tables about what happens and happened: part of the same schema, see ``schema.py``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, LargeBinary, String, Table, Text

from claude_lens.store.findings_tables import whole
from claude_lens.store.schema import Key, metadata

__all__ = ["digests", "progress", "session_events", "whole"]

progress = Table(
    "progress",
    metadata,
    Column(
        "exchange", Key, ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("ttfb_ms", Double),
    Column("ttft_ms", Double),
    Column("last_at", Double),
    Column("bytes", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
)
"""How far answers have come that are on their way; what has ended has no row, or one that means nothing.

``last_at`` is when the last byte came, ``tokens`` an estimate (``wire/growing.py``).
"""

session_events = Table(
    "session_events",
    metadata,
    Column("session", Key, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("at", Double, nullable=False),
    Column("detail", Text),
    sqlite_with_rowid=False,
)
"""What hooks of the client told of a session, of each kind the newest: ``ended``, ``permission``."""

digests = Table(
    "digests",
    metadata,
    Column(
        "session", Key, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("mark", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""What happened in a session, worked out once (``happened/digests.py``): JSON by ``content.pack_blob``.

``mark`` is what the session's exchanges were then; where they are something else now, it is worked out anew.
``at`` is when it was.
"""
