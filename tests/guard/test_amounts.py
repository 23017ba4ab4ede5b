"""Limits as people write them."""

from __future__ import annotations

import pytest

from claude_lens.guard import amounts


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2/day", (2.0, "day")),
        ("$2.50 / week", (2.5, "week")),
        ("15", (15.0, None)),
        (".5 per hour", (0.5, "hour")),
        ("30 usd a month", (30.0, "month")),
        ("0/day", (0.0, "day")),
        ("2/DAYS", (2.0, "day")),
        ("5$/w", (5.0, "week")),
    ],
)
def test_money(text: str, meant: object) -> None:
    assert amounts.money(text) == meant


@pytest.mark.parametrize(
    "text", ["", "two", "-1/day", "2/fortnight", "2/", "1e3", "nan", "2/day/day", "7d:90%"]
)
def test_no_money(text: str) -> None:
    with pytest.raises(ValueError, match="expected dollars"):
        amounts.money(text)


def test_requests_plan_share_and_counts() -> None:
    assert amounts.requests("200/hour") == (200.0, "hour")
    assert amounts.requests("500 requests") == (500.0, None)
    assert amounts.plan("7d:90%") == ("7d", 0.9)
    assert amounts.plan("5H = 12.5 %") == ("5h", 0.125)
    assert amounts.share("80%") == 0.8
    assert amounts.whole("40", "agents") == 40.0


@pytest.mark.parametrize("text", ["1.5/hour", "-3", "many", "3/decade"])
def test_no_requests(text: str) -> None:
    with pytest.raises(ValueError, match="200/hour"):
        amounts.requests(text)


@pytest.mark.parametrize("text", ["90%", "6h:90%", "7d:0%", "7d:101%", "7d:90"])
def test_no_plan(text: str) -> None:
    with pytest.raises(ValueError, match="7d:90%"):
        amounts.plan(text)


def test_no_share_and_no_count() -> None:
    with pytest.raises(ValueError, match="80%"):
        amounts.share("0.8")
    with pytest.raises(ValueError, match="number of agents"):
        amounts.whole("4.5", "agents")
