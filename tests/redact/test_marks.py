from __future__ import annotations

from claude_lens.redact.marks import MARKED, mark


def test_a_mark_depends_on_kind_and_secret_alone() -> None:
    assert mark("bearer", "abc") == "[redacted:bearer:ba7816bf]"
    assert mark("bearer", "abd") != mark("bearer", "abc")
    assert MARKED.fullmatch(mark("x-api-key", "\ud800"))
