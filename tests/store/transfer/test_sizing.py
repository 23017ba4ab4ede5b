from __future__ import annotations

from claude_lens import exact
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.exporting import chosen
from claude_lens.store.transfer.sizing import body_sizes
from tests.store.conftest import Make, body_of, message_of


def test_bodies_are_as_large_as_they_will_be(sink: StoreSink, reader: Reader, make: Make) -> None:
    bodies = [body_of(*["apple" * 100] * turn) for turn in range(1, 6)]
    for turn, body in enumerate(bodies):
        sink.ended(make(body, message_of(turn)))
    sink.ended(make(raw=b"\xff" * 5000, answer={"error": "x"}, status="error", usage=None))
    sink.flush()
    with reader.connect() as connection:
        found = sorted(body_sizes(connection, chosen(connection, "11111111-aaaa")))
    expected = sorted([5000, *(len(exact.dump(body)) for body in bodies)])
    assert all(0.8 < size / real < 1.4 for size, real in zip(found, expected, strict=True)), (found, expected)
