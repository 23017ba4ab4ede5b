from __future__ import annotations

import time
from pathlib import Path

import pytest

from claude_lens.settings import load
from claude_lens.store.maintenance import daily
from claude_lens.store.maintenance.daily import Daily
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import open_sink
from tests.store.conftest import T0, Make, body_of, message_of


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(daily, "FIRST_AFTER", 0.0)
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))


def test_the_recorder_forgets_what_is_too_old(monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    monkeypatch.setenv("CLAUDE_LENS_KEEP_DAYS", "30")
    settings = load()
    sink = open_sink(settings)
    sink.ended(make(body_of("old"), message_of(0), session="old", at=T0))
    sink.ended(make(body_of("new"), message_of(0), session="new", at=time.time()))
    sink.flush()
    sink.idle()
    deadline = time.monotonic() + 30
    with Reader(settings.database_url) as reader:
        while len(found := reader.sessions()) > 1 and time.monotonic() < deadline:
            time.sleep(0.1)
    sink.close()
    assert [one["id"] for one in found] == ["new"]


def test_nothing_is_started_where_everything_is_kept() -> None:
    one = Daily(load())
    one.tick()
    assert not one.running
    one.close()


def test_what_a_page_shows_of_a_quiet_session_is_worked_out_ahead(
    monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    monkeypatch.setattr(daily, "AHEAD_EVERY", 1.0)
    settings = load()
    sink = open_sink(settings)
    sink.ended(make(body_of("quiet"), message_of(0), at=T0))
    sink.flush()
    assert sink.writer.is_behind()
    deadline = time.monotonic() + 60
    while sink.writer.is_behind() and time.monotonic() < deadline:
        sink.idle()
        time.sleep(0.1)
    assert not sink.writer.is_behind()
    sink.close()
