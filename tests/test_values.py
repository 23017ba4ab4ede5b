from pathlib import Path

import pytest

from claude_lens import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5s", 1.5), ("10m", 600), ("2H", 7200), ("500 ms", 0.5), ("1d", 86400)],
)
def test_seconds(text: str, seconds: float) -> None:
    assert values.seconds(text) == seconds


@pytest.mark.parametrize("text", ["0", "-1", "ten", "10 minutes", "m", "1e3", "0s"])
def test_seconds_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        values.seconds(text)


def test_addresses() -> None:
    assert values.addresses("LOCALHOST:8082, [::1]:9") == ("127.0.0.1:8082", "[::1]:9")
    for wrong in ("8082", "http://x:1", "127.0.0.1", "::1:9"):
        with pytest.raises(ValueError, match="addresses separated by commas"):
            values.addresses(wrong)


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("256MB", 256 << 20), ("5GiB", 5 << 30), ("1.5k", 1536), ("7 b", 7), ("1T", 1 << 40)],
)
def test_size(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize("text", ["0", "", "big", "-5MB", "5XB", "5 ib0"])
def test_size_refused(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        values.size(text)


def test_flag() -> None:
    assert [values.flag(word) for word in ("1", "TRUE", "Yes", "on")] == [True] * 4
    assert [values.flag(word) for word in ("0", "false", "No", "OFF")] == [False] * 4
    with pytest.raises(ValueError, match="1 or 0"):
        values.flag("maybe")


def test_whole() -> None:
    assert values.port("65535") == 65535
    for bad in ("0", "65536", "8082x", "+1", " 1", "\u0661"):
        with pytest.raises(ValueError, match="from 1 to 65535"):
            values.port(bad)
    with pytest.raises(ValueError, match="from 3 up"):
        values.whole(3)("2")


def test_url() -> None:
    assert values.url("https://lens.example/") == "https://lens.example"
    assert values.url("http://[::1]:8082") == "http://[::1]:8082"
    for bad in ("127.0.0.1:8082", "ftp://host", "http://", "http://host:port", "http://host:99999"):
        with pytest.raises(ValueError, match="an address"):
            values.url(bad)


def test_database() -> None:
    for good in ("sqlite:////tmp/a.db", "postgresql+psycopg://me@host/lens", "postgresql://host/lens"):
        assert values.database(good) == good
    for bad in ("lens.db", "mysql://host/lens", "postgresql"):
        with pytest.raises(ValueError, match="sqlite:///FILE"):
            values.database(bad)


def test_one_of_and_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert values.one_of("auto", "off")("OFF") == "off"
    with pytest.raises(ValueError, match="auto or off"):
        values.one_of("auto", "off")("on")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert values.path("~/x") == values.path("x") == tmp_path / "x"
    assert values.text("a b") == "a b"
