"""What a request's comparison needs of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from claude_lens.store.bodies import Loader
from claude_lens.store.insight.sent import FIVE_MINUTES, ONE_HOUR, Sent
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import exchanges
from claude_lens.store.sink import StoreSink
from tests.store.conftest import T0, Make, message_of
from tests.store.insight.talk import used
from tests.store.insight.test_why import PRICES, first, long


def sent(sink: StoreSink, reader: Reader, make: Make, body: Any, **fields: Any) -> Sent:
    one = make(body, message_of(0), **fields)
    sink.ended(one)
    sink.flush()
    with reader.connect() as connection:
        row = connection.execute(select(exchanges)).mappings().one()
        return Sent(row, Loader(connection), PRICES)


def test_what_lives_how_long(sink: StoreSink, reader: Reader, make: Make) -> None:
    one = sent(sink, reader, make, long(first()))
    assert (one.lifetime(), one.lifetime("system"), one.lifetime("messages")) == (
        ONE_HOUR,
        ONE_HOUR,
        FIVE_MINUTES,
    )
    assert one.has_marks


@pytest.mark.parametrize(
    ("usage", "lifetime"), [(used(0, 9), FIVE_MINUTES), (used(0, 0, 9), ONE_HOUR), (used(9, 0), None)]
)
def test_without_marks_the_usage_tells(
    sink: StoreSink, reader: Reader, make: Make, usage: Any, lifetime: float | None
) -> None:
    one = sent(sink, reader, make, {"messages": [{"role": "user", "content": "x"}]}, usage=usage)
    assert one.lifetime() == lifetime
    assert not one.has_marks


def test_shares_and_times(sink: StoreSink, reader: Reader, make: Make) -> None:
    one = sent(sink, reader, make, first(), at=T0, ttft_ms=2_000.0)
    assert one.readable_from == T0 + 2
    assert 0 < one.head_share < 1
    assert one.share_of([0]) == pytest.approx(1 - one.head_share, abs=0.02)
    assert one.share_of([]) == 0
    assert one.helper is None


def test_what_tokens_cost_that_were_not_read(sink: StoreSink, reader: Reader, make: Make) -> None:
    one = sent(sink, reader, make, first(), usage=used(0, 1_000, 3_000))
    mixed = (1_000 * 1.25e-5 + 3_000 * 2e-5) / 4_000
    assert one.extra(2_000) == pytest.approx(2_000 * (mixed - 1e-6))
    assert one.extra(5_000) == pytest.approx(4_000 * mixed + 1_000 * 1e-5 - 5_000 * 1e-6)


def test_without_a_body_nothing_fails(url: str, reader: Reader, make: Make) -> None:
    bare = StoreSink(url, bodies=False)
    one = sent(bare, reader, make, first(), request_class=None)
    bare.close()
    assert (one.side, one.body, one.has_marks, one.head_share, one.share_of([0])) == (
        None,
        {},
        False,
        0.0,
        0.0,
    )
    assert one.helper is None
