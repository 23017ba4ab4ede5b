from __future__ import annotations

from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import Talk, losses, only, said, used
from tests.store.conftest import Make


def test_a_stall_in_the_middle_and_a_late_first_token(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    for _ in range(3):
        talk.turn("go", [said("a")], used(0, 900, out=200), ttft_ms=1_000.0, duration_ms=4_000.0)
    talk.turn("go", [said("a")], used(0, 900, out=200), ttft_ms=1_000.0, duration_ms=71_000.0)
    talk.turn("go", [said("a")], used(0, 900, out=200), ttft_ms=41_000.0, duration_ms=45_000.0)
    talk.turn("go", [said("a")], None, ttft_ms=None, duration_ms=90_000.0, status="error")
    sink.flush()
    one = only(reader, "stalled")
    # 200 tokens may take 10 s, a first token the usual second; nothing came in a minute and a half.
    assert one["ms"] == (70_000 - 10_000) + (41_000 - 1_000) + 90_000
    assert (one["usd"], one["count"], one["measured"]) == (0, 3, False)
    assert one["sentence"] == "anthropic stalled 3 times: 3 m 10 s of waiting in which nothing came."


def test_long_answers_and_slow_beginnings_are_none(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("go", [said("a")], used(0, 900, out=4_000), ttft_ms=12_000.0, duration_ms=120_000.0)
    sink.flush()
    assert losses(reader, "stalled") == []
