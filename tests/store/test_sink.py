from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from claude_lens.errors import StoreError
from claude_lens.exchange import Usage
from claude_lens.settings import load
from claude_lens.store import database
from claude_lens.store import sink as sink_module
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.rows import Item
from claude_lens.store.schema import streams
from claude_lens.store.sink import StoreSink, open_sink
from tests.store.conftest import Make, ask, body_of, message_of


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)
    monkeypatch.setattr(sink_module, "RETRY_SECONDS", 0.0)


@pytest.fixture
def file(url: str) -> Path:
    found = database.file_of(database.parse(url))
    assert found
    return found


def ids(reader: Reader) -> list[str]:
    return [each["id"] for session in reader.sessions() for each in reader.exchanges(session["id"])]


def test_a_request_is_visible_when_it_arrives_and_complete_when_it_ends(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    worker = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"
    arrived = make(body_of("hello"), worker=worker)
    sink.arrived(arrived)
    sink.flush()
    seen = reader.exchange("last")
    sink.ended(replace(make(arrived.request.json, message_of(0)), id=arrived.id, worker=worker))
    sink.flush()

    assert (seen["status"], seen["response"]) == ("running", None)
    assert seen["request"]["body"] == arrived.request.json
    ended = reader.exchange(arrived.id)
    assert ended["status"] == "ok"
    assert ended["response"] is not None
    assert ended["response"]["body"] == message_of(0)
    assert ended["request"]["body"] == arrived.request.json
    assert ids(reader) == [arrived.id]


def test_an_end_whose_arrival_was_lost_is_kept_whole(sink: StoreSink, reader: Reader, make: Make) -> None:
    exchange = make(body_of("hello"), message_of(0))
    sink.ended(exchange)
    sink.flush()

    assert reader.rebuild("last") == exchange.request.json


def test_what_comes_twice_is_kept_once(sink: StoreSink, reader: Reader, make: Make) -> None:
    arrived = make(body_of("hello"))
    ended = replace(make(body_of("hello"), message_of(0)), id=arrived.id)
    for _ in range(2):
        sink.arrived(arrived)
        sink.flush()
        sink.ended(ended)
        sink.flush()

    assert [each["status"] for each in reader.exchanges("last")] == ["ok"]
    assert verify(reader).sound


def test_the_later_end_wins(sink: StoreSink, reader: Reader, make: Make) -> None:
    first = make(body_of("hello"), message_of(0), status="interrupted")
    sink.ended(first)
    sink.flush()
    sink.ended(replace(first, status="ok"))
    sink.flush()

    assert [each["status"] for each in reader.exchanges("last")] == ["ok"]


def test_closing_leaves_nothing_running(url: str, reader: Reader, make: Make) -> None:
    sink = StoreSink(url)
    worker = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"
    sink.arrived(make(body_of("hello"), worker=worker))
    sink.close()

    assert ask(url, "SELECT status FROM exchanges") == [("interrupted",)]


def test_opening_ends_what_dead_workers_left(url: str, make: Make) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    here, now = socket.gethostname(), int(time.time())
    sink = StoreSink(url)
    sink.arrived(make(body_of("a"), worker=f"{here}:{dead.pid}:{now}"))
    sink.arrived(make(body_of("b"), worker=f"{here}:{os.getpid()}:{now}"))
    sink.flush()
    sink.writer.close()

    StoreSink(url).writer.open().dispose()

    found = ask(url, "SELECT status FROM exchanges ORDER BY id")
    assert found == [("interrupted",), ("running",)]


def test_the_settings_name_the_database_and_can_refuse_bodies(tmp_path: Path, make: Make) -> None:
    settings = load({"CLAUDE_LENS_HOME": str(tmp_path), "CLAUDE_LENS_BODIES": "off"})
    sink = open_sink(settings)
    sink.ended(make(body_of("hello"), message_of(0)))
    sink.close()

    with Reader(settings.database_url) as reader:
        assert reader.exchange("last")["request"] == {"headers": {}, "body": None}
        assert reader.exchange("last")["cost_usd"] == 0.25
        assert reader.rebuild("last") is None
        assert reader.sessions()[0]["title"] is None
        with reader.connect() as connection:
            assert connection.execute(select(streams)).all() == []
    assert b"hello" not in (tmp_path / "lens.db").read_bytes()


@pytest.mark.parametrize(("value", "kept"), [("on", 1), ("off", 0)])
def test_the_settings_can_refuse_streams(tmp_path: Path, make: Make, value: str, kept: int) -> None:
    settings = load({"CLAUDE_LENS_HOME": str(tmp_path), "CLAUDE_LENS_STREAMS": value})
    sink = open_sink(settings)
    sink.ended(make(body_of("hello"), message_of(0)))
    sink.close()

    with Reader(settings.database_url) as reader:
        response = reader.exchange("last")["response"]
        assert response is not None
        assert response["body"] == message_of(0)
        assert verify(reader).streams == kept


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process holds the database."""
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        yield


@contextmanager
def full(_: Path) -> Iterator[None]:
    """No file may grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def junk(file: Path) -> Iterator[None]:
    """The file is overwritten, and later put right."""
    kept = file.with_name("kept")
    shutil.copy(file, kept)
    for log in file.parent.glob("lens.db-*"):
        log.unlink()
    file.write_bytes(b"this is no database" * 1000)
    yield
    for log in file.parent.glob("lens.db-*"):
        log.unlink()
    kept.replace(file)


@contextmanager
def blocked(file: Path) -> Iterator[None]:
    """Where the file was is now a folder."""
    kept = file.with_name("kept")
    for log in file.parent.glob("lens.db-*"):
        log.unlink()
    file.rename(kept)
    file.mkdir()
    yield
    file.rmdir()
    kept.replace(file)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (locked, "another program holds it locked"),
        (full, "the disk"),
        (junk, "no database"),
        (blocked, "cannot be opened"),
    ],
)
def test_a_fault_is_told_in_a_line_and_nothing_is_lost(
    url: str,
    file: Path,
    make: Make,
    fault: Callable[[Path], AbstractContextManager[None]],
    said: str,
) -> None:
    sink = StoreSink(url)
    before = make(body_of("a"), message_of(0))
    sink.ended(before)
    sink.flush()
    if fault in (junk, blocked):
        # Logs that these faults would take away with them are merged first.
        sink.writer.close()
    during = [make(body_of("a", "b" * 50_000), message_of(1)), make(body_of("x"))]

    with fault(file):
        sink.ended(during[0])
        sink.arrived(during[1])
        for _ in range(2):
            with pytest.raises(StoreError, match=said) as raised:
                sink.flush()
            assert "\n" not in str(raised.value)
            assert str(file) in str(raised.value)
        assert sink.waiting == 2
    sink.flush()

    with Reader(url) as reader:
        assert ids(reader) == [before.id, during[0].id, during[1].id]
        assert reader.rebuild(during[0].id) == during[0].request.json
        assert verify(reader).sound
    assert (sink.waiting, sink.lost) == (0, 0)
    sink.close()


@pytest.mark.sqlite
def test_a_database_deleted_meanwhile_is_made_anew(
    url: str, file: Path, sink: StoreSink, reader: Reader, make: Make
) -> None:
    running = make(body_of("a"))
    sink.arrived(running)
    sink.flush()
    assert len(ids(reader)) == 1
    shutil.rmtree(file.parent)
    assert ids(reader) == []

    sink.ended(replace(make(body_of("a"), message_of(0)), id=running.id))
    sink.flush()

    assert ids(reader) == [running.id]
    assert reader.rebuild("last") == running.request.json
    assert verify(reader).sound


def test_an_unreadable_folder_at_the_start_is_survived(make: Make) -> None:
    """As an ordinary user, since root may write everywhere."""
    folder = Path(tempfile.mkdtemp())
    user = 65534 if os.getuid() == 0 else os.getuid()
    os.chown(folder, user, -1)
    exchange = make(body_of("hello"), message_of(0))

    def child() -> None:
        if os.getuid() == 0:
            os.setuid(user)
        folder.chmod(0o500)
        sink = open_sink(load({"CLAUDE_LENS_HOME": str(folder)}))
        sink.ended(exchange)
        with pytest.raises(StoreError, match=r"cannot be opened|ermission denied"):
            sink.flush()
        folder.chmod(0o700)
        sink.flush()
        (folder / "lens.db").chmod(0o400)
        sink.writer.close()
        for mode in (0o700, 0o500):
            folder.chmod(mode)
            with Reader(f"sqlite:///{folder}/lens.db") as reader:
                assert ids(reader) == [exchange.id]
        folder.chmod(0o700)

    try:
        process = os.fork()
        if process == 0:
            code = 1
            try:
                child()
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(process, 0)[1] == 0
    finally:
        shutil.rmtree(folder)


def test_one_exchange_that_cannot_be_stored_holds_up_no_other(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    good = [make(body_of("a"), message_of(0)), make(body_of("b"), message_of(0))]
    bad = make(body_of("c"), message_of(0), usage=Usage(input_tokens=2**70))
    for exchange in (good[0], bad, good[1]):
        sink.ended(exchange)

    with pytest.raises(StoreError, match=f"exchange {bad.id} cannot be stored"):
        sink.flush()

    assert ids(reader) == [good[0].id, good[1].id]
    assert (sink.waiting, sink.lost) == (0, 1)


@pytest.mark.sqlite
def test_after_a_failure_the_database_is_left_alone_for_a_moment(
    url: str, file: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink_module, "RETRY_SECONDS", 60.0)
    sink = StoreSink(url)
    sink.writer.open()
    with locked(file):
        sink.ended(make(body_of("a"), message_of(0)))
        with pytest.raises(StoreError):
            sink.flush()
        monkeypatch.setattr(sink.writer, "write", pytest.fail)
        with pytest.raises(StoreError, match="another program holds it locked"):
            sink.flush()
        monkeypatch.undo()
        assert sink.waiting == 1
    sink.close()
    with Reader(url) as reader:
        assert len(ids(reader)) == 1


def test_a_fault_amid_writing_one_by_one_loses_nothing(
    url: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = StoreSink(url)
    good = [make(body_of("a"), message_of(0)), make(body_of("b"), message_of(0))]
    bad = make(body_of("c"), message_of(0), http_status=2**70)
    for exchange in (good[0], bad, good[1]):
        sink.ended(exchange)
    write, calls = sink.writer.write, iter(range(100))

    def stumble(items: list[Item]) -> None:
        if next(calls) == 3:
            raise StoreError("the disk is full")
        write(items)

    with monkeypatch.context() as broken:
        broken.setattr(sink.writer, "write", stumble)
        with pytest.raises(StoreError, match="the disk is full"):
            sink.flush()
    with pytest.raises(StoreError, match=f"exchange {bad.id} cannot be stored"):
        sink.flush()
    sink.close()

    with Reader(url) as reader:
        assert ids(reader) == [good[0].id, good[1].id]
    assert sink.lost == 1
