"""What the sink cannot write as it came, and what comes faster than it is written."""

from __future__ import annotations

import pytest

from claude_lens.errors import StoreError
from claude_lens.exchange import Exchange, Usage
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


def names(reader: Reader) -> list[str]:
    return [each["id"] for each in reader.exchanges("last")]


def test_one_that_cannot_be_taken_apart_is_kept_as_its_bytes(
    sink: StoreSink, reader: Reader, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(exchange: Exchange, **_: object) -> dict[str, object]:
        if exchange.request.json and "odd" in exchange.request.json:
            raise TypeError("unhashable")
        return {}

    monkeypatch.setattr("claude_lens.store.writing.batch.calls_of", stumble)
    good, odd = make(body_of("a"), message_of(0)), make({"odd": 1}, message_of(0))
    sink.ended(odd)
    sink.ended(good)
    with pytest.raises(
        StoreError, match=rf"exchange {odd.id} is kept as bytes only \(TypeError: unhashable\)"
    ):
        sink.flush()

    assert (sink.waiting, sink.lost) == (0, 0)
    assert sorted(names(reader)) == sorted([good.id, odd.id])
    found = reader.bodies(odd.id)
    assert found is not None
    assert odd.response is not None
    assert (found.request, found.response) == (odd.request.body, odd.response.body)
    assert verify(reader).sound


def test_much_at_once_is_written_before_more_is_taken(url: str, reader: Reader, make: Make) -> None:
    sink = StoreSink(url, limit=10_000)
    for number in range(5):
        sink.ended(make(body_of("a" * 6000 + str(number)), message_of(0)))
    assert sink.waiting == 1
    assert len(names(reader)) == 4
    sink.close()
    assert sink.lost == 0
    assert len(names(reader)) == 5


def test_what_goes_wrong_when_room_is_made_is_told_and_nothing_is_lost(url: str, make: Make) -> None:
    sink = StoreSink(url, limit=10_000)
    sink.ended(make(body_of("a" * 6000), message_of(0), usage=Usage(input_tokens=2**70)))
    good = make(body_of("b" * 6000), message_of(0))
    with pytest.raises(StoreError, match="cannot be stored"):
        sink.ended(good)
    sink.close()
    assert sink.lost == 1
    with Reader(url) as reader:
        assert names(reader) == [good.id]
