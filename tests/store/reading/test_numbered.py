"""The numbers of turns are those of the session's page."""

from __future__ import annotations

from sqlalchemy import select

from claude_lens.exchange import Agent
from claude_lens.store.reading.numbered import turn_of
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.turns import steps
from claude_lens.store.schema import exchanges
from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make, body_of, message_of


def test_a_retry_and_what_stands_beside_are_no_turns(sink: StoreSink, reader: Reader, make: Make) -> None:
    first, other = body_of("first"), body_of("second")
    failed = {"status": "error", "http_status": 529}
    given = [
        make(first, message_of(0), at=T0, **failed),
        make(first, message_of(0), at=T0 + 1, **failed),
        make(body_of("title?"), message_of(1), at=T0 + 2, request_class="auxiliary"),
        make(first, message_of(0), at=T0 + 3),
        make(first, message_of(0), at=T0 + 3, agent=Agent(id="a", type="Explore")),
        make(other, message_of(2), at=T0 + 4, **failed),
        make(first, message_of(3), at=T0 + 5),
        make(first, message_of(3), at=T0 + 6),
    ]
    for one in given:
        sink.ended(one)
    sink.flush()
    with reader.connect() as connection:
        query = select(exchanges).order_by(exchanges.c.started_at, exchanges.c.id)
        found = [turn_of(connection, dict(row)) for row in connection.execute(query).mappings()]
        retries = [step.retry for step in steps(connection, "11111111-aaaa")]
    assert found == [1, 1, 1, 1, 1, 2, 3, 4]
    assert retries == [False, True, False, True, False, False, False, False]
