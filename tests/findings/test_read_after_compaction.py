from __future__ import annotations

import pytest

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import TEXT, WRITE, Talk, only, said, tool, used
from tests.store.conftest import Make

LONG = TEXT * 12


def test_what_was_read_before_is_read_again(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("look", [tool("Read", file_path="/a.py")], used(0, 9_000, out=50))
    talk.turn([LONG], [said("ok")], used(9_000, 4_000, out=50))
    talk.turn("summarise", [said("a summary")], used(13_000, 100), request_class="compaction")
    talk.messages = []
    talk.turn("This session is being continued from a previous one.", [tool("Read", file_path="/a.py")],
              used(8_000, 1_000, out=50))  # fmt: skip
    talk.turn([LONG], [said("ok")], used(9_000, 4_050))
    sink.flush()
    one = only(reader, "read-after-compaction")
    assert one["usd"] == pytest.approx(4_000 * WRITE, rel=1e-3)
    assert (one["count"], one["evidence"]) == (1, [talk.sent[4].id])
    assert "/a.py (once)" in one["sentence"]
