from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.conversation import Conversation
from claude_lens.errors import StoreError, UserError
from claude_lens.store import database
from claude_lens.store.maintenance.backup import backup, delete
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.raw import raw
from claude_lens.store.schema import sizes
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from tests.store.conftest import Make, body_of, message_of

pytestmark = pytest.mark.sqlite


def test_a_copy_while_others_write(url: str, sink: StoreSink, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        for _, ended in Conversation().exchanges(10_000):
            sink.ended(ended)
            sink.flush()
            if stop.is_set():
                return

    thread = threading.Thread(target=write)
    thread.start()
    while (
        not (file := database.file_of(database.parse(url)))
        or not file.exists()
        or file.stat().st_size < 200_000
    ):
        pass
    shares: list[float] = []
    size = backup(url, tmp_path / "copy.db", progress=lambda _, share: shares.append(share))
    stop.set()
    thread.join()

    assert size == (tmp_path / "copy.db").stat().st_size
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    with Reader(f"sqlite:///{tmp_path}/copy.db") as reader:
        assert reader.sessions()[0]["exchanges"] > 1
        assert verify(reader).sound


def test_what_cannot_be_copied(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database yet"):
        backup(url, tmp_path / "copy.db")
    with pytest.raises(UserError, match="pg_dump"):
        backup("postgresql://me@127.0.0.1:1/x", tmp_path / "copy.db")


def test_a_deleted_database_is_begun_anew(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    assert delete(database.parse(url))
    assert not delete(database.parse(url))
    assert reader.sessions() == []
    sink.ended(make(body_of("b"), message_of(0), session="new"))
    sink.flush()
    assert [one["id"] for one in reader.sessions()] == ["new"]


def test_streams_tags_and_sizes_are_in_the_copy(
    url: str, sink: StoreSink, make: Make, tmp_path: Path
) -> None:
    one = make(body_of("a"), message_of(0))
    sink.ended(one)
    sink.flush()
    tagging.change(url, "11111111-aaaa", add=["kept"])
    backup(url, tmp_path / "copy.db")

    with Reader(f"sqlite:///{tmp_path}/copy.db") as reader, reader.connect() as connection:
        assert one.response is not None
        assert raw(connection, one.id).body == one.response.body
        assert reader.session("11111111-aaaa")["tags"] == ["kept"]
        assert connection.execute(select(sizes.c.exchanges)).scalar() == 1


def test_what_a_killed_copy_left_behind_goes(url: str, sink: StoreSink, make: Make, tmp_path: Path) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [tmp_path / f"[copy].db.part-{ended.pid}{more}" for more in ("", "-journal")]
    lives, other = tmp_path / f"[copy].db.part-{os.getppid()}", tmp_path / "[copy].db.part-mine"
    for path in (*left, lives, other, tmp_path / f"[copy].db.part-{os.getpid()}"):
        path.touch()

    backup(url, tmp_path / "[copy].db")

    assert sorted(path for path in tmp_path.iterdir() if "part" in path.name) == sorted([lives, other])


def test_a_copy_over_another_does_not_take_on_its_log(
    url: str, sink: StoreSink, make: Make, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    before = sqlite3.connect(target, isolation_level=None)
    before.execute("PRAGMA journal_mode = WAL")
    before.execute("CREATE TABLE exchanges (of_another_kind)")

    backup(url, target, force=True)

    with Reader(f"sqlite:///{target}") as reader:
        assert len(reader.sessions()) == 1
        assert verify(reader).sound
    before.close()


def test_a_database_is_not_copied_over_itself(
    url: str, sink: StoreSink, reader: Reader, make: Make, tmp_path: Path
) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    file = database.file_of(database.parse(url))
    assert file is not None
    link = tmp_path / "link.db"
    link.symlink_to(file)
    for target in (file, link):
        with pytest.raises(UserError, match="is the database itself"):
            backup(url, target, force=True)
    assert len(reader.sessions()) == 1
