"""What the sink cannot write as it came."""

from __future__ import annotations

import pytest

from claude_lens.errors import StoreError
from claude_lens.exchange import Exchange
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
