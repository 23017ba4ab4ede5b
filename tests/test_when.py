from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from claude_lens.errors import UserError
from claude_lens.when import moment, zone

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC).timestamp()
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", datetime(2026, 3, 3, 15, 30, tzinfo=UTC)),
        ("12h", datetime(2026, 3, 10, 3, 30, tzinfo=UTC)),
        ("90m", datetime(2026, 3, 10, 14, 0, tzinfo=UTC)),
        ("2w", datetime(2026, 2, 24, 15, 30, tzinfo=UTC)),
        ("today", datetime(2026, 3, 9, 23, 0, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 3, 8, 23, 0, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 30, 23, 0, tzinfo=UTC)),
        ("2026-01-31T09:30", datetime(2026, 1, 31, 8, 30, tzinfo=UTC)),
        ("2026-01-31T09:30Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    assert moment(text, BERLIN, NOW) == expected.timestamp()


@pytest.mark.parametrize("text", ["", "soon", "7", "d", "2026-13-01", "9999999d"])
def test_what_is_no_moment_is_named(text: str) -> None:
    with pytest.raises(UserError, match="is no time"):
        moment(text, BERLIN, NOW)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine there."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-07-31T12:00", "2026-03-29", "2026-03-30", "2026-10-25T02:30", "2026-10-26"]
)
def test_the_machines_own_time_has_summer_and_winter(in_berlin: None, text: str) -> None:
    here = zone(None)
    at = moment(text, here)
    assert at == moment(text, BERLIN)
    shown, expected = (datetime.fromtimestamp(at + 3600, tz) for tz in (here, BERLIN))
    assert shown.strftime("%Y-%m-%dT%H:%M%z %Z") == expected.strftime("%Y-%m-%dT%H:%M%z %Z")
    assert shown.timestamp() == at + 3600


def test_zones() -> None:
    assert zone("Europe/Berlin") == BERLIN
    assert zone(None).utcoffset(datetime.now()) is not None
    for name in ("Nowhere/Land", "../etc/passwd", ""):
        with pytest.raises(UserError, match="time zone"):
            zone(name)
