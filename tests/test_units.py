import pytest

from claude_lens import units


@pytest.mark.parametrize(
    ("usd", "shown"),
    [(None, "?"), (0.0, "$0.0000"), (0.01234, "$0.0123"), (12.5, "$12.50"), (1234, "$1,234.00")],
)
def test_money(usd: float | None, shown: str) -> None:
    assert units.money(usd) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(None, "-"), (0, "0"), (9999, "9999"), (12_345, "12.3k"), (4_500_000, "4.5M"), (7.2e9, "7.2G")],
)
def test_count(number: float | None, shown: str) -> None:
    assert units.count(number) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(None, "-"), (340.4, "340 ms"), (2500, "2.5 s"), (200_000, "3 m 20 s"), (7_500_000, "2 h 5 m")],
)
def test_duration(milliseconds: float | None, shown: str) -> None:
    assert units.duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(None, "-"), (0, "0 B"), (2048, "2.0 KB"), (5 << 30, "5.0 GB"), (3 << 50, "3072.0 TB")],
)
def test_size(number: int | None, shown: str) -> None:
    assert units.size(number) == shown


def test_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert units.clock(None) == "-"
    assert len(units.clock("2026-01-31T09:30:00.123Z")) == len("2026-01-31 09:30:00")


def test_cache_share() -> None:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 10}
    assert units.cache_share(usage) == "80 %"
    assert units.cache_share(None) == units.cache_share({"input_tokens": 0}) == "-"
