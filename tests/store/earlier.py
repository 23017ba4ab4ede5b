"""A database of today taken back to an earlier version of the schema, as its migrations would undo it."""

from __future__ import annotations

from tests.store.conftest import change

UNDO = {
    "0009": ("DROP TABLE answers", "DROP TABLE transcripts"),
    "0008": ("DROP TABLE accepted_findings", "DROP TABLE session_findings"),
    "0007": ("DROP TABLE plan_readings",),
    "0006": ("ALTER TABLE exchanges DROP COLUMN cost_parts",),
    "0005": ("DROP TABLE identities", "DROP TABLE aliases"),
}
"""What undoes each migration, the newest first; one that is added needs a line here."""


def take_back(url: str, revision: str) -> None:
    """Make the database one of version ``revision``."""
    for later, statements in UNDO.items():
        if later > revision:
            for statement in statements:
                change(url, statement)
    change(url, f"UPDATE schema_version SET version_num = '{revision}'")
