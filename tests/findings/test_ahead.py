"""What happened and was wasted in quiet sessions, worked out beside the recorder."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from claude_lens.findings.ahead import work_out
from claude_lens.findings.look import stale, waste
from claude_lens.settings import load
from claude_lens.store.findings_tables import session_findings
from claude_lens.store.happened_tables import digests
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink, open_sink
from tests.findings.planted import Talk, said, used
from tests.store.conftest import T0, Make, body_of, change, message_of


def test_a_page_finds_a_quiet_session_worked_out(
    sink: StoreSink, reader: Reader, make: Make, url: str
) -> None:
    talk = Talk(sink, make, "s")
    talk.turn("first", [said("a")], used(0, 80_000))
    talk.at += 840
    talk.turn("second", [said("b")], used(0, 80_100))
    sink.ended(make(body_of("c"), message_of(9), session="at work", at=time.time()))
    sink.flush()
    with reader.connect() as connection:
        assert waste(connection, Filter(until=T0 + 9_000), most=0)["pending"] == 1
    assert work_out(url) == 2
    with reader.connect() as connection:
        found = waste(connection, Filter(until=T0 + 9_000), most=0)
        assert [row.id for row in stale(connection, Filter())] == ["at work"]
    assert (found["pending"], [one["kind"] for one in found["findings"]]) == (0, ["cache-pause"])
    assert work_out(url) == 0


def test_the_program_the_recorder_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Make) -> None:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path / "home"))
    settings = load()
    sink = open_sink(settings)
    sink.ended(make(body_of("a"), message_of(0), at=T0))
    sink.flush()
    assert sink.writer.is_behind()
    done = subprocess.run([sys.executable, "-m", "claude_lens.findings.ahead"], timeout=60)
    assert done.returncode == 0
    assert not sink.writer.is_behind()
    sink.close()
    with Reader(settings.database_url) as reader, reader.connect() as connection:
        (row,) = connection.execute(select(digests)).all()
        assert len(connection.execute(select(session_findings)).all()) == 1
    assert row.at <= time.time()


def test_damage_in_one_session_leaves_out_no_other(
    sink: StoreSink, reader: Reader, make: Make, url: str
) -> None:
    def talk(name: str) -> None:
        one = Talk(sink, make, name)
        one.turn(f"first of {name}", [said(f"answer to {name}")], used(0, 80_000))
        one.turn(f"second of {name}", [said(f"more for {name}")], used(0, 80_100))
        sink.flush()

    talk("damaged")
    assert change(url, "UPDATE contents SET codec = 77 WHERE id = (SELECT max(content_id) FROM nodes)") == 1
    talk("sound")
    work_out(url)
    with reader.connect() as connection:
        assert [row.id for row in stale(connection, Filter())] == ["damaged"]
