"""The tables about what was wasted: part of the same schema, see ``schema.py``."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Double, ForeignKey, LargeBinary, SmallInteger, String, Table, Text

from claude_lens.store.schema import Key, metadata

whole: Final = metadata
"""The metadata of the schema, these tables included."""

RULES: Final = 1
"""Changes whenever a kind of finding would say something else of the same session."""

accepted_findings = Table(
    "accepted_findings",
    metadata,
    Column("finding", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("project", Text),
    Column("sentence", Text, nullable=False),
    Column("at", Double, nullable=False),
)
"""Findings that a person has done something about, and when: what came before is compared with what follows.

``subject`` and ``project`` are the finding's (``claude_lens.findings``), ``sentence`` what it said then.
"""

session_findings = Table(
    "session_findings",
    metadata,
    Column("session", Key, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("rules", SmallInteger, nullable=False),
    Column("stamp", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""What was wasted in a session, as ``claude_lens.findings.kept`` works it out, made by ``content.pack_blob``.

``rules``: what ``RULES`` was. ``stamp``: what the session's totals were then; with others, or without a
row, it is worked out anew.
"""
