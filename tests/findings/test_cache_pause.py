from __future__ import annotations

import pytest

from claude_lens.findings.cache_pause import ENABLE
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, WRITE, WRITE_LONG, Talk, found, only, said, used
from tests.store.conftest import Make

CACHED = 80_000


def paused(sink: StoreSink, make: Make, minutes: int) -> Talk:
    talk = Talk(sink, make)
    talk.turn("first", [said("to first")], used(0, CACHED))
    talk.at += minutes * 60
    talk.turn("second", [said("to second")], used(0, CACHED + 100))
    sink.flush()
    return talk


def test_what_a_pause_lost_and_what_the_hour_would_have_cost(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    talk = paused(sink, make, 14)
    one = only(reader, "cache-pause")
    assert one["usd"] == pytest.approx(CACHED * (WRITE - READ))
    assert (one["tokens"], one["measured"], one["count"]) == (CACHED, True, 1)
    assert one["evidence"] == [talk.sent[1].id]
    # The hour: what was written first is dearer, and what was written again is not written at all.
    dearer = (CACHED + 100) * (WRITE_LONG - WRITE)
    assert f"cost ${dearer:.4f} more to write and saved ${CACHED * (WRITE - READ):.4f}" in one["sentence"]
    assert one["remedy"] == f"export {ENABLE}"
    assert one["project"] is None


def test_an_hour_does_not_help_against_two(sink: StoreSink, reader: Reader, make: Make) -> None:
    paused(sink, make, 125)
    one = only(reader, "cache-pause")
    assert "1 h cache" not in one["sentence"]
    assert "/compact" in one["remedy"]


def test_a_short_pause_is_none(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("first", [said("to first")], used(0, CACHED))
    talk.at += 120
    talk.turn("second", [said("to second")], used(CACHED, 100))
    sink.flush()
    assert found(reader)["findings"] == []
    assert found(reader)["sessions"] == 1
