from __future__ import annotations

import pytest

from claude_lens.exact import dump
from claude_lens.redact import Redactor
from claude_lens.store import content
from claude_lens.store.transfer import sayings
from claude_lens.store.transfer.sayings import Saying
from tests.redact.samples import SAMPLES
from tests.store.transfer.conftest import Opened
from tests.store.transfer.test_transcripts import answer, line

SECRET = SAMPLES[20][1]


def test_messages_are_redacted_and_hashed(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = [{"type": "text", "text": f"say {SECRET}", "cache_control": {"type": "ephemeral"}}]
    two = [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]
    whole = [
        line("u1", None, 1, {"role": "user", "content": marked}),
        line("a1", "u1", 2, answer("msg_1", {"type": "text", "text": SECRET})),
        line("u2", "a1", 3, {"role": "user", "content": two}),
        line("u3", "a1", 3, {"role": "user", "content": two}),
    ]
    texts = opened(whole, Redactor()).texts
    first, said, results = Saying(lines=(0,)), Saying(answer="msg_1"), Saying(lines=(2, 3), together=True)
    digests = [texts.digest(one) for one in (first, said, results)]
    assert SECRET not in repr([texts.value(one) for one in (first, said)])
    (mark,) = texts.marks(first)
    assert mark == ([0], {"type": "ephemeral"}, None)
    block = {**texts.value(first)["content"][0]}
    del block["cache_control"]
    bare = {"role": "user", "content": [block]}
    assert digests[0] == content.digest(dump(bare))
    assert texts.value(results) == {"role": "user", "content": two * 2}
    assert digests[1] == content.digest(dump(texts.value(said)))
    # What was let go of is read again, and the same.
    monkeypatch.setattr(sayings, "_KEPT", 0)
    values = [texts.value(one) for one in (first, said, results)]
    assert [texts.value(one) for one in (first, said, results)] == values


def test_a_block_that_comes_again_is_said_once(opened: Opened) -> None:
    block = {"type": "text", "text": "once"}
    whole = [
        line("u1", None, 1, {"role": "user", "content": "go"}),
        line("a1", "u1", 2, answer("msg_1", block)),
        line("a2", "u1", 3, answer("msg_1", block)),
        line("a3", "a1", 4, answer("msg_1", {"type": "text", "text": "more"})),
        line("a4", "u1", 5, answer("msg_1", block)),
    ]
    blocks, last = opened(whole).texts.blocks("msg_1")
    assert [one["text"] for one in blocks] == ["once", "more"]
    assert last is not None
    assert last["uuid"] == "a3"
