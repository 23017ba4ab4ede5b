"""A database of today taken back to an earlier version of the schema, as its migrations would undo it."""

from __future__ import annotations

from tests.store.conftest import change

OLD_SEARCH = (
    "CREATE VIRTUAL TABLE search USING fts5(prompt, answer, thinking, input, result, content='', "
    'columnsize=0, tokenize="unicode61 remove_diacritics 2")'
)
UNDO = {
    "0011": ("DROP TABLE progress", "DROP TABLE session_events", "DROP TABLE digests"),
    "0010": ("sqlite: DROP TABLE search", f"sqlite: {OLD_SEARCH}"),
    "0009": ("DROP TABLE answers", "DROP TABLE transcripts"),
    "0008": ("DROP TABLE accepted_findings", "DROP TABLE session_findings"),
    "0007": ("DROP TABLE plan_readings",),
    "0006": ("ALTER TABLE exchanges DROP COLUMN cost_parts",),
    "0005": ("DROP TABLE identities", "DROP TABLE aliases"),
}
"""What undoes each migration, the newest first; one that is added needs a line here.

``sqlite:`` before a statement: only there.
"""


def take_back(url: str, revision: str) -> None:
    """Make the database one of version ``revision``."""
    for later, statements in UNDO.items():
        if later > revision:
            for statement in statements:
                only, _, rest = statement.rpartition("sqlite: ")
                if not only and (rest == statement or url.startswith("sqlite")):
                    change(url, rest)
    change(url, f"UPDATE schema_version SET version_num = '{revision}'")
