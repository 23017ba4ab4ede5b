from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from claude_lens.store.numbers.spans import Unit, by_moment
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import totals
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

HOUR = 3600.0


def moments(reader: Reader, wanted: Filter, unit: Unit, tz: tzinfo) -> list[tuple[str, int]]:
    """Moment and bucket of every row of totals."""
    query = select(totals.c.bucket)
    with reader.connect() as connection:
        return [(at, row[0]) for at, row in by_moment(connection, query, totals.c.bucket, wanted, unit, tz)]


@pytest.fixture
def start(make: Make, sink: StoreSink) -> float:
    """An exchange every five hours for days, one a year later; when they start."""
    # The night in which summer time ends in Vienna.
    start = datetime(2026, 10, 24, 9, 30, tzinfo=UTC).timestamp()
    for number in [*range(12), 2000]:
        sink.ended(make(body_of("x"), message_of(0), at=start + number * 5 * HOUR))
    sink.flush()
    return start


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30)), ZoneInfo("Europe/Vienna")])
@pytest.mark.parametrize("unit", ["day", "hour"])
def test_every_row_is_in_its_moment(reader: Reader, start: float, unit: Unit, zone: tzinfo) -> None:
    found = moments(reader, Filter(), unit, zone)
    form = "%Y-%m-%d" if unit == "day" else "%Y-%m-%dT%H:00%z"
    assert [bucket for _, bucket in found] == [int(start + n * 5 * HOUR) for n in [*range(12), 2000]]
    for at, bucket in found:
        assert at == datetime.fromtimestamp(bucket, zone).strftime(form)


def test_ranges_begin_and_end_at_a_quarter_of_an_hour(reader: Reader, start: float) -> None:
    wanted = Filter(since=start + 5 * HOUR + 60, until=start + 15 * HOUR + 0.5)
    found = [bucket for _, bucket in moments(reader, wanted, "day", UTC)]
    assert found == [int(start + n * 5 * HOUR) for n in (1, 2, 3)]
    assert moments(reader, Filter(since=start + 1e9), "day", UTC) == []
    assert moments(reader, Filter(until=start - 1e9), "day", UTC) == []


def test_nothing_yet(reader: Reader) -> None:
    assert moments(reader, Filter(), "day", UTC) == []
