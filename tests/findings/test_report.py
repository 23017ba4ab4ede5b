from __future__ import annotations

import pytest

from claude_lens.findings.accepted import accept
from claude_lens.findings.report import Outcome, report
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.findings.planted import READ, WRITE, Talk, found, said, used
from tests.store.conftest import T0, Make

DAY = 86_400.0
EACH = 80_000 * (WRITE - READ)


def day(sink: StoreSink, make: Make, number: int, pause: int) -> None:
    """A session on this day, with a pause of so many seconds."""
    talk = Talk(sink, make, f"day {number}")
    talk.at = T0 + number * DAY
    talk.turn("first", [said("a")], used(0, 80_000))
    talk.at += pause
    talk.turn("second", [said("b")], used(80_000, 100) if pause < 300 else used(0, 80_100))


def outcome(reader: Reader, now: float) -> Outcome:
    with reader.connect() as connection:
        (one,) = report(connection, now)
    return one


@pytest.fixture
def noted(sink: StoreSink, reader: Reader, make: Make, url: str) -> StoreSink:
    """Four days with a pause each; then it was accepted."""
    for number in range(4):
        day(sink, make, number, 840)
    sink.flush()
    (one,) = found(reader)["findings"]
    accept(url, one, T0 + 4 * DAY)
    return sink


def test_nothing_since(noted: StoreSink, reader: Reader) -> None:
    one = outcome(reader, T0 + 5 * DAY)
    assert (one["effect"], one["after"]["sessions"], one["after"]["per_session_usd"]) == (
        "too early",
        0,
        None,
    )
    assert (one["before"]["sessions"], one["before"]["count"]) == (4, 4)
    assert one["before"]["per_session_usd"] == pytest.approx(EACH)


def test_no_effect(noted: StoreSink, reader: Reader, make: Make) -> None:
    for number in (5, 6):
        day(noted, make, number, 840)
    noted.flush()
    one = outcome(reader, T0 + 8 * DAY)
    assert (one["effect"], one["saved_usd"], one["after"]["count"]) == ("no effect", 0.0, 2)


def test_less_and_gone(noted: StoreSink, reader: Reader, make: Make) -> None:
    for number in (5, 6):
        day(noted, make, number, 60)
    noted.flush()
    one = outcome(reader, T0 + 8 * DAY)
    assert (one["effect"], one["after"]["sessions"], one["after"]["count"]) == ("gone", 2, 0)
    assert one["saved_usd"] == pytest.approx(2 * EACH)
    day(noted, make, 7, 840)
    noted.flush()
    one = outcome(reader, T0 + 8 * DAY)
    assert one["effect"] == "less"
    assert one["after"]["per_session_usd"] == pytest.approx(EACH / 3)
    assert one["saved_usd"] == pytest.approx(2 * EACH)
