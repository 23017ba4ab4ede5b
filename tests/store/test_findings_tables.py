from __future__ import annotations

from claude_lens.store import schema
from claude_lens.store.findings_tables import accepted_findings, session_findings, whole


def test_they_are_part_of_the_schema() -> None:
    assert whole is schema.metadata
    assert {accepted_findings.name, session_findings.name} <= set(schema.metadata.tables)
