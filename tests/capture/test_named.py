"""The header that names a model; what it does is in tests/e2e."""

from __future__ import annotations

from claude_lens.capture import named


def test_the_header() -> None:
    assert (
        named.asked_for([(b"x-other", b"1"), (b"x-claude-lens-model", b" openai:gpt-4o ")]) == "openai:gpt-4o"
    )
    assert named.asked_for([(b"x-claude-lens-model", b"")]) is None
    assert named.asked_for([]) is None
