"""Digests of sessions that are quiet, worked out beside the recorder."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from claude_lens.settings import load
from claude_lens.store.happened_tables import digests
from claude_lens.store.maintenance.digest import QUIET, left
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink, open_sink
from tests.store.conftest import T0, Make, body_of, message_of


def test_quiet_sessions_wait_for_theirs(sink: StoreSink, url: str, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0), session="quiet", at=T0))
    sink.ended(make(body_of("b"), message_of(0), session="busy", at=T0 + QUIET))
    sink.flush()
    with Reader(url) as reader, reader.connect() as connection:
        assert [name for _, name in left(connection, 0, T0 + QUIET + 1)] == ["quiet"]
        assert [name for _, name in left(connection, 0, T0 + 2 * QUIET + 1)] == ["quiet", "busy"]
        assert left(connection, 2, T0 + 9 * QUIET) == []


def test_the_program_the_recorder_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Make) -> None:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path / "home"))
    settings = load()
    sink = open_sink(settings)
    sink.ended(make(body_of("a"), message_of(0), at=T0))
    sink.flush()
    assert sink.writer.is_behind()
    done = subprocess.run([sys.executable, "-m", "claude_lens.store.maintenance.digest"], timeout=60)
    assert done.returncode == 0
    assert not sink.writer.is_behind()
    sink.close()
    with Reader(settings.database_url) as reader, reader.connect() as connection:
        (row,) = connection.execute(select(digests)).all()
    assert row.at <= time.time()
