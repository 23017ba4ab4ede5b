from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from sqlalchemy import text

from claude_lens.errors import StoreError
from claude_lens.store import database, schema
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, ask, body_of, change, message_of


def file_of(url: str) -> Path:
    found = database.file_of(database.parse(url))
    assert found
    return found


@pytest.mark.sqlite
def test_a_new_database_is_for_our_eyes_only(url: str, sink: StoreSink, make: Make) -> None:
    sink.arrived(make(body_of("hello")))
    sink.flush()

    home = file_of(url).parent
    assert home.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in home.iterdir()} == {"lens.db", "lens.db-wal", "lens.db-shm"}
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}


@pytest.mark.sqlite
def test_a_file_that_others_could_read_is_closed_to_them(url: str) -> None:
    database.open_writer(database.parse(url)).dispose()
    file_of(url).chmod(0o644)

    database.open_writer(database.parse(url)).dispose()

    assert file_of(url).stat().st_mode & 0o777 == 0o600


@pytest.mark.sqlite
def test_the_file_can_shrink_and_readers_do_not_wait(url: str) -> None:
    engine = database.open_writer(database.parse(url))
    with engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("auto_vacuum", "journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()

    assert settings == {"auto_vacuum": 2, "journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}


def empty_version_zero(url: str) -> None:
    """A database from before the first migration: a version table, and nothing in it."""
    file_of(url).parent.mkdir()
    with sqlite3.connect(file_of(url)) as connection:
        connection.execute(f"CREATE TABLE {schema.VERSION_TABLE} (version_num VARCHAR(32) NOT NULL)")
    connection.close()


@pytest.mark.sqlite
def test_an_older_schema_is_migrated_by_a_writer(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    empty_version_zero(url)

    sink.arrived(make(body_of("hello")))
    sink.flush()

    assert reader.sessions()[0]["title"] == "hello"


def test_a_writer_that_is_open_writes_nothing_into_a_newer_schema(
    url: str, sink: StoreSink, make: Make
) -> None:
    sink.ended(make(body_of("one"), message_of(0)))
    sink.flush()
    change(url, "UPDATE schema_version SET version_num = '9001'")
    sink.ended(make(body_of("two"), message_of(0)))
    with pytest.raises(StoreError, match="schema 9001, made by a newer claude-lens"):
        sink.flush()
    change(url, f"UPDATE schema_version SET version_num = '{schema.HEAD}'")
    assert ask(url, "SELECT count(*) FROM exchanges") == [(1,)]
    sink._failed = None
    sink.flush()
    assert ask(url, "SELECT count(*) FROM exchanges") == [(2,)]


@pytest.mark.sqlite
def test_a_newer_schema_is_refused_by_name(url: str, reader: Reader, make: Make) -> None:
    sink = StoreSink(url)
    empty_version_zero(url)
    with sqlite3.connect(file_of(url)) as connection:
        connection.execute(f"INSERT INTO {schema.VERSION_TABLE} VALUES ('9001')")
    connection.close()
    sink.arrived(make(body_of("hello")))

    with pytest.raises(
        StoreError, match=r"schema 9001, made by a newer claude-lens; this one knows \d+: upgrade"
    ):
        sink.flush()
    with pytest.raises(StoreError, match="schema 9001"):
        reader.sessions()


def test_two_that_open_a_new_database_at_once_both_succeed(url: str) -> None:
    failures: list[Exception] = []

    def open_it() -> None:
        try:
            database.open_writer(database.parse(url)).dispose()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


@pytest.mark.sqlite
def test_a_new_database_that_another_is_writing_is_waited_for(url: str) -> None:
    path = file_of(url)
    path.parent.mkdir(exist_ok=True)
    # A file that is not yet in WAL mode: while one writes to it, SQLite refuses the change of mode at once.
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE elsewhere (x)")
    other.execute("BEGIN IMMEDIATE")
    released = threading.Timer(0.3, other.rollback)
    released.start()

    database.open_writer(database.parse(url)).dispose()

    released.join()
    other.close()


@pytest.mark.sqlite
def test_a_new_database_that_stays_locked_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    path = file_of(url)
    path.parent.mkdir(exist_ok=True)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="another program holds it locked"):
        database.open_writer(database.parse(url))
    other.close()


def test_a_reader_cannot_write(url: str) -> None:
    database.open_writer(database.parse(url)).dispose()
    engine = database.open_reader(database.parse(url))
    assert engine is not None

    with (
        pytest.raises(StoreError, match="read-only"),
        database.plain_errors(database.parse(url)),
        engine.begin() as connection,
    ):
        connection.execute(text("DELETE FROM meta"))
    engine.dispose()


@pytest.mark.sqlite
def test_a_missing_database_reads_as_an_empty_one_and_is_not_made(url: str, reader: Reader) -> None:
    assert reader.sessions() == []
    assert not file_of(url).exists()


@pytest.mark.sqlite
def test_a_reader_follows_a_database_that_is_being_made(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    file_of(url).parent.mkdir()
    file_of(url).touch()
    assert reader.sessions() == []

    sink.arrived(make(body_of("hello")))
    sink.flush()

    assert len(reader.sessions()) == 1


@pytest.mark.sqlite
def test_a_schema_that_nobody_made_is_refused(url: str, reader: Reader) -> None:
    empty_version_zero(url)
    with sqlite3.connect(file_of(url)) as connection:
        connection.execute(f"INSERT INTO {schema.VERSION_TABLE} VALUES ('0000')")
    connection.close()

    with pytest.raises(StoreError, match="no way from schema 0000 to"):
        database.open_writer(database.parse(url))
    with pytest.raises(StoreError, match="no way from schema 0000 to"):
        reader.sessions()


def test_a_database_whose_driver_is_missing_says_which() -> None:
    with pytest.raises(StoreError, match=r"needs the package \w+"):
        database.open_writer(database.parse("oracle://127.0.0.1/lens"))


@pytest.mark.parametrize("name", ["with space", "100%", "a#b", "é"])
def test_any_folder_will_do(tmp_path: Path, make: Make, name: str) -> None:
    url = f"sqlite:///{tmp_path}/{name}/lens.db"
    sink = StoreSink(url)
    sink.arrived(make(body_of("hello")))
    sink.close()

    with Reader(url) as reader:
        assert len(reader.sessions()) == 1
    assert (tmp_path / name / "lens.db").exists()


@pytest.mark.parametrize("address", ["", "lens.db", "nonsense://x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(StoreError):
        database.open_writer(database.parse(address))


def test_a_password_is_not_shown() -> None:
    url = database.parse("postgresql://me:secret@127.0.0.1:1/lens")

    with pytest.raises(StoreError) as raised, database.plain_errors(url):
        raise sqlite3.OperationalError("could not connect")
    assert "secret" not in str(raised.value)
    assert "could not connect" in str(raised.value)


@pytest.mark.sqlite
def test_sizes_count_the_log(url: str, sink: StoreSink, make: Make) -> None:
    assert database.sizes(database.parse(url)) == 0
    sink.arrived(make(body_of("hello")))
    sink.flush()

    total = sum(
        path.stat().st_size for path in file_of(url).parent.iterdir() if not path.name.endswith("shm")
    )
    assert database.sizes(database.parse(url)) == total
    assert database.sizes(database.parse("sqlite://")) is None


def test_who_may_only_read_follows_what_others_write(make: Make) -> None:
    """As an ordinary user, since root may write everywhere."""
    home = Path(tempfile.mkdtemp())
    url = f"sqlite:///{home}/lens.db"

    def write() -> None:
        sink = StoreSink(url)
        sink.ended(make(body_of("hello"), message_of(0)))
        # The last to close takes the log away, and with it what a reader could have joined in.
        sink.close()
        (home / "lens.db").chmod(0o444)

    def read(counts: Connection) -> None:
        os.setuid(65534 if os.getuid() == 0 else os.getuid())
        with Reader(url) as reader:
            while counts.recv():
                counts.send(len(reader.exchanges("last")))

    write()
    home.chmod(0o555)
    ours, theirs = Pipe()
    process = get_context("fork").Process(target=read, args=(theirs,))
    process.start()
    try:
        for expected in (1, 2, 3):
            ours.send(True)
            assert ours.poll(30)
            assert ours.recv() == expected
            home.chmod(0o755)
            (home / "lens.db").chmod(0o644)
            write()
            home.chmod(0o555)
        ours.send(False)
    finally:
        process.join(30)
        process.kill()
        shutil.rmtree(home)
