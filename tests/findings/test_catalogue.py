from __future__ import annotations

from claude_lens.findings.catalogue import KINDS


def test_every_kind_has_a_name_of_its_own() -> None:
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names) == 12
    # Those that are told first claim what those that come later could count too.
    order = ("read-after-compaction", "subagent-reads", "read-again", "unused-results")
    assert [name for name in names if name in order] == list(order)
