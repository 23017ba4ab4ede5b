from __future__ import annotations

from dataclasses import replace

from claude_lens.exchange import Response
from claude_lens.store.numbers.limits import latest
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


def test_the_newest_readings(sink: StoreSink, reader: Reader, make: Make) -> None:
    for at, value in ((1.0, "0.10"), (2.0, "0.25")):
        one = make(body_of("a"), message_of(0), at=at)
        headers = (("Anthropic-RateLimit-Unified-5h-Utilization", value), ("request-id", "r"))
        sink.ended(replace(one, response=Response(headers=headers, json=message_of(0))))
    sink.ended(make(body_of("b"), message_of(0), at=3.0))
    sink.flush()
    with reader.connect() as connection:
        found = latest(connection)
    assert found is not None
    assert found["readings"] == {"unified-5h-utilization": "0.25"}
    assert found["read_at"] == "1970-01-01T00:00:02.000Z"


def test_none_where_there_are_none(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    with reader.connect() as connection:
        assert latest(connection) is None
