from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens import settings as setting_table
from claude_lens.proxy import status
from claude_lens.settings import Settings
from claude_lens.store import database
from claude_lens.store.numbers.growth import growth
from claude_lens.store.schema import sizes
from tests.harness.processes import free_port


def load(home: Path, **more: str) -> Settings:
    """Settings of a proxy that nobody started."""
    return setting_table.load(
        {"CLAUDE_LENS_HOME": str(home), "CLAUDE_LENS_URL": f"http://127.0.0.1:{free_port()}", **more}
    )


def test_of_a_proxy_that_does_not_run(tmp_path: Path) -> None:
    settings = load(tmp_path / "home")
    facts = status.gather(settings)
    assert (facts["healthy"], facts["state"], facts["url"]) == (False, "down", settings.url)
    assert (facts["pid"], facts["version"], facts["uptime_s"], facts["lanes"]) == (None, None, None, None)
    assert facts["database"] == {"url": f"sqlite:///{tmp_path}/home/lens.db", "bytes": 0, "growth": []}
    assert not (tmp_path / "home").exists()


def test_size_counts_the_log_and_shows_no_password(tmp_path: Path) -> None:
    (tmp_path / "lens.db").write_bytes(b"x" * 10)
    (tmp_path / "lens.db-wal").write_bytes(b"x" * 5)
    assert status.database(load(tmp_path))["bytes"] == 15
    elsewhere = load(tmp_path, CLAUDE_LENS_DATABASE_URL="postgresql://me:pass-word@127.0.0.1:1/lens")
    assert status.database(elsewhere) == {"url": "postgresql://127.0.0.1:1/lens", "bytes": None}


@pytest.mark.parametrize(
    ("bytes_per_day", "shown"), [(1_000_000, "976.6 KB a day"), (-2048, "-2.0 KB a day"), (0, "0 B a day")]
)
def test_rate(bytes_per_day: float, shown: str) -> None:
    assert status.rate({"bytes_per_day": bytes_per_day}) == shown


def test_growth_is_read_as_the_store_tells_it(tmp_path: Path) -> None:
    settings = load(tmp_path / "a home 100%")
    assert status.growth(settings) == []
    engine = database.open_writer(database.parse(settings.database_url))
    with engine.begin() as connection:
        for day, size in ((1, 100), (8, 600), (9, 500)):
            connection.execute(sizes.insert(), {"day": day, "at": 0.0, "bytes": size, "exchanges": size})
    with engine.connect() as connection:
        told = growth(connection)
    engine.dispose()
    assert [one["days"] for one in told] == [1, 8]
    assert status.growth(settings) == told
    (tmp_path / "a home 100%" / "lens.db").write_bytes(b"damaged")
    assert status.growth(settings) == []
