"""They belong to the one schema."""

from __future__ import annotations

from claude_lens.store import schema
from claude_lens.store.happened_tables import digests, progress, session_events, whole


def test_they_are_part_of_the_schema() -> None:
    assert whole is schema.metadata
    assert {digests.name, progress.name, session_events.name} <= set(schema.metadata.tables)
