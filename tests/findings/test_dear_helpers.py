from __future__ import annotations

import pytest

from claude_lens.exchange import Usage
from claude_lens.findings.dear_helpers import SMALL
from claude_lens.store.maintenance.prices import prices_of
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.wire import pricing
from tests.findings.planted import Talk, losses, only, said, used
from tests.store.conftest import Make


def test_what_the_small_model_would_have_saved(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("hello", [said("hi")], used(0, 9_000))
    for _ in range(3):
        talk.turn("Title?", [said("A title")], used(fresh=6_000, out=20), request_class="auxiliary")
    sink.flush()
    small = pricing.cost(Usage(input_tokens=6_000, output_tokens=20), prices_of(SMALL, "anthropic") or {})
    assert small
    one = only(reader, "dear-helpers")
    dear = talk.sent[1].cost.usd or 0.0
    assert one["usd"] == pytest.approx(3 * (dear - small))
    assert (one["count"], one["subject"], one["project"]) == (3, "claude-sonnet-4-5", None)


def test_one_that_reads_the_cache_is_cheap_as_it_is(sink: StoreSink, reader: Reader, make: Make) -> None:
    talk = Talk(sink, make)
    talk.turn("hello", [said("hi")], used(0, 90_000))
    talk.turn("[SUGGESTION MODE: x]", [said("go on")], used(90_000, 10, out=9), request_class="auxiliary")
    sink.flush()
    assert losses(reader, "dear-helpers") == []
