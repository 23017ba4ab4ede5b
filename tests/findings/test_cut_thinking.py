from __future__ import annotations

import pytest

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import OUTPUT, Talk, losses, only, said, used
from tests.store.conftest import Make

THOUGHT = {"type": "thinking", "thinking": "hmm, " * 900, "signature": "s"}


def test_cut_by_its_own_limit(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("think", [THOUGHT], used(0, 5_000, out=8_000), stop_reason="max_tokens")
    sink.flush()
    one = only(reader, "cut-thinking")
    assert one["usd"] == pytest.approx(8_000 * OUTPUT)
    assert (one["measured"], one["tokens"]) == (True, 8_000)
    assert "max_tokens" in one["sentence"]


def test_cut_by_the_user(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("hello", [said("hi")], used(0, 500, out=9))
    talk.turn("think", [THOUGHT], None, status="cancelled", stop_reason=None)
    sink.flush()
    one = only(reader, "cut-thinking")
    # Nobody counted it: its bytes tell.
    assert not one["measured"]
    assert one["tokens"] == pytest.approx(4_500 / 3.6, rel=0.05)
    assert one["usd"] == pytest.approx(one["tokens"] * OUTPUT)


def test_words_that_came_are_not_lost(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("a", [THOUGHT, said("so")], used(0, 500, out=8_000), stop_reason="max_tokens")
    talk.turn("b", [THOUGHT, said("so")], used(0, 500, out=8_000), status="cancelled")
    talk.turn("c", [THOUGHT], used(0, 500, out=8_000))
    sink.flush()
    assert losses(reader, "cut-thinking") == []
