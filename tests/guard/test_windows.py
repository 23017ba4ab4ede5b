"""Hours, days, weeks and months, in the machine's own time."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from claude_lens.guard.windows import Window, span


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("window", "moment", "begin", "end"),
    [
        ("hour", "2026-11-28T10:59:59+01:00", "2026-11-28T10:00+01:00", "2026-11-28T11:00+01:00"),
        ("day", "2026-11-28T00:00:00+01:00", "2026-11-28T00:00+01:00", "2026-11-29T00:00+01:00"),
        # Clocks are changed: a day of 23 hours, and one of 25.
        ("day", "2026-03-29T12:00:00+02:00", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("day", "2026-10-25T02:30:00+01:00", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"),
        ("week", "2026-11-29T23:59:59+01:00", "2026-11-23T00:00+01:00", "2026-11-30T00:00+01:00"),
        ("week", "2026-11-30T00:00:00+01:00", "2026-11-30T00:00+01:00", "2026-12-07T00:00+01:00"),
        ("month", "2026-12-31T23:00:00+01:00", "2026-12-01T00:00+01:00", "2027-01-01T00:00+01:00"),
        ("month", "2024-02-29T12:00:00+01:00", "2024-02-01T00:00+01:00", "2024-03-01T00:00+01:00"),
    ],
)
def test_span(berlin: None, window: Window, moment: str, begin: str, end: str) -> None:
    assert span(window, at(moment)) == (at(begin), at(end))
