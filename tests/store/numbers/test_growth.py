from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import select

from claude_lens.store import database
from claude_lens.store.numbers.growth import EVERY, growth, record, whole_bytes
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import sizes
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

DAY = 86400
NOON = 20_000 * DAY + DAY // 2


def rows(reader: Reader) -> list[Any]:
    with reader.connect() as connection:
        return list(connection.execute(select(sizes).order_by(sizes.c.day)))


def test_the_writer_notes_todays_size_once_an_hour(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    before = time.time()
    for turn in range(3):
        sink.ended(make(body_of("a" * 9_000), message_of(turn)))
        sink.flush()

    (row,) = rows(reader)
    assert row.day == int(before // DAY)
    assert before <= row.at <= time.time()
    assert row.exchanges == 1
    assert row.bytes > 20_000
    assert growth_of(reader) == []


def growth_of(reader: Reader) -> list[Any]:
    with reader.connect() as connection:
        return growth(connection)


def test_an_hour_later_the_row_of_the_day_is_renewed(url: str, reader: Reader) -> None:
    engine = database.open_writer(database.parse(url))
    with engine.begin() as connection:
        assert record(connection, NOON)
        assert not record(connection, NOON + EVERY - 1)
        assert record(connection, NOON + EVERY)
        assert record(connection, NOON + DAY)
        # A clock that was put back does not stop it.
        assert record(connection, NOON + DAY - 1000)
        size = whole_bytes(connection)
    engine.dispose()

    assert [(row.day, row.at, row.bytes) for row in rows(reader)] == [
        (20_000, NOON + EVERY, size),
        (20_001, NOON + DAY - 1000, size),
    ]
    assert growth_of(reader) == [{"days": 1, "bytes_per_day": 0.0, "exchanges_per_day": 0.0}]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], []),
        ([(9, 500, 5)], []),
        ([(8, 400, 4), (9, 500, 6)], [(1, 100.0, 2.0)]),
        ([(1, 100, 1), (9, 500, 5)], [(8, 50.0, 0.5)]),
        ([(5, 100, 1), (8, 600, 9), (9, 500, 5)], [(1, -100.0, -4.0), (4, 100.0, 1.0)]),
        (
            [(0, 0, 0), (60, 600, 60), (63, 900, 70), (83, 1900, 90), (90, 2600, 97), (93, 3500, 100)],
            [(3, 300.0, 1.0), (10, 160.0, 1.0), (30, 2600 / 30, 1.0)],
        ),
    ],
)
def test_growth_over_a_day_a_week_and_a_month(
    url: str,
    reader: Reader,
    known: list[tuple[int, int, int]],
    expected: list[tuple[int, float, float]],
) -> None:
    engine = database.open_writer(database.parse(url))
    rows = [dict(zip(("day", "bytes", "exchanges"), one, strict=True)) | {"at": 0.0} for one in known]
    with engine.begin() as connection:
        for row in rows:
            connection.execute(sizes.insert(), row)
    engine.dispose()

    assert [tuple(one.values()) for one in growth_of(reader)] == [pytest.approx(one) for one in expected]


def test_before_there_is_a_database(reader: Reader) -> None:
    assert growth_of(reader) == []
