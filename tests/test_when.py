from __future__ import annotations

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


def test_zones() -> None:
    assert zone("Europe/Berlin") == BERLIN
    assert zone(None).utcoffset(datetime.now()) is not None
    for name in ("Nowhere/Land", "../etc/passwd", ""):
        with pytest.raises(UserError, match="time zone"):
            zone(name)
