"""The store on PostgreSQL: what is different there, its faults, and several writers at once."""

from __future__ import annotations

import builtins
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from claude_lens.errors import NotFound, StoreError
from claude_lens.exchange import Agent, Model
from claude_lens.store import database, server
from claude_lens.store import sink as sink_module
from claude_lens.store.maintenance.upkeep import opened, shrink, used_bytes
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.rows import LONGEST_NAMES, Item
from claude_lens.store.schema import VERSION_TABLE, exchanges, sessions
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing.writer import Writer
from tests.harness.postgres import Postgres
from tests.harness.processes import ROOT
from tests.store.conftest import Make, ask, body_of, change, message_of


@pytest.fixture
def lens(postgres: Postgres) -> Iterator[str]:
    """The address of a database with our tables."""
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.fixture
def bare(postgres: Postgres) -> Iterator[str]:
    """The address of a database with nothing in it."""
    url = postgres.empty()
    yield url
    postgres.drop(url)


@pytest.fixture
def filled(lens: str, make: Make) -> str:
    writer = Writer(lens)
    writer.write([Item(make(body_of("hello"), message_of(0)))])
    writer.close()
    return lens


def test_an_empty_database_is_read_as_such_and_filled_by_a_writer(bare: str, make: Make) -> None:
    with Reader(bare) as reader:
        assert reader.sessions() == []
        sink = StoreSink(bare)
        sink.ended(make(body_of("hello"), message_of(0)))
        sink.close()
        assert reader.sessions()[0]["title"] == "hello"
        assert verify(reader).sound


def test_a_newer_or_unknown_schema_is_refused_by_name(filled: str) -> None:
    for found, said in (("9001", "made by a newer claude-lens"), ("0000", "no way from schema 0000")):
        change(filled, f"UPDATE {VERSION_TABLE} SET version_num = '{found}'")
        with pytest.raises(StoreError, match=said):
            database.open_writer(database.parse(filled))
        with Reader(filled) as reader, pytest.raises(StoreError, match=said):
            reader.sessions()


def test_addresses_are_shown_as_they_are_written_without_the_password() -> None:
    url = database.parse("postgresql://me:secret@127.0.0.1:1/lens")
    assert url.drivername == server.DRIVER
    assert database.shown(url) == "postgresql://me:***@127.0.0.1:1/lens"
    assert server.with_driver(url) == url
    assert not server.is_one(database.parse("sqlite:///x"))


def test_a_server_that_is_not_there_is_told_in_a_line(make: Make) -> None:
    with pytest.raises(StoreError) as raised:
        Writer("postgresql://me:secret@127.0.0.1:1/lens").write([Item(make(body_of("a")))])
    said = str(raised.value)
    assert said.startswith("postgresql://me:***@127.0.0.1:1/lens: ")
    assert "refused" in said
    assert "\n" not in said


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return known(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    for open_it in (database.open_writer, database.open_reader):
        with pytest.raises(StoreError, match=r"pip install 'claude-lens\[postgres\]'") as raised:
            open_it(database.parse("postgresql://me@127.0.0.1:1/lens"))
        assert "\n" not in str(raised.value)


def test_what_text_cannot_hold_is_replaced_and_contents_are_exact(lens: str, make: Make) -> None:
    odd = "nul \0 lone \ud800 far \U0010ffff"
    body = body_of(odd)
    one = make(
        body,
        message_of(0),
        session="s\0\udfff",
        project=f"/p/{odd}",
        error=odd,
        agent=Agent(id=odd, type=odd, name=odd),
        model=Model(requested=odd, routed=odd, provider=odd),
        raw=b"{}",
    )
    sink = StoreSink(lens)
    sink.ended(one)
    sink.close()

    with Reader(lens) as reader:
        assert reader.rebuild("last") == body
        shown = reader.exchange("last")
        assert shown["error"] == "nul � lone ? far \U0010ffff"
        assert shown["session_id"] == "s�?"
        assert verify(reader).sound
        for asked in ("x\0y", "\ud800", odd):
            with pytest.raises(NotFound):
                reader.session(asked)
        with reader.connect() as connection:
            assert search(connection, parse("lone"))
            assert search(connection, parse("lone project:\0\ud800")) == []


def test_names_too_long_for_an_index_are_shortened(lens: str, make: Make) -> None:
    long = [f"{letter * 5000}{number}" for number in range(2) for letter in ("é", "ab")]
    sink = StoreSink(lens)
    for name in long:
        agent = Agent(id="a", type=name, name=name)
        answer = message_of(0)
        answer["content"][1]["name"] = name
        given = Model(requested=name, routed=name, provider=name)
        sink.ended(
            make(
                body_of("x"), answer, session=name, project=name, request_class=name, agent=agent, model=given
            )
        )
    sink.close()

    kept = [name for (name,) in ask(lens, "SELECT session_id FROM sessions")]
    assert len(set(kept)) == len(long)
    assert max(len(name.encode()) for name in kept) <= LONGEST_NAMES["postgresql"]
    assert ask(lens, "SELECT count(*) FROM series") == [(len(long),)]


def test_an_error_that_comes_again_is_no_fault_of_the_server() -> None:
    class Said(Exception):
        sqlstate = "54000"

    assert server.is_our_mistake(OperationalError("INSERT", {}, Said()))
    assert not server.is_our_mistake(OperationalError("INSERT", {}, Exception()))
    assert not server.is_our_mistake(OSError())
    assert server.in_a_line("multiple attempts failed. Details:\n- host: refused\n") == "- host: refused"
    assert server.in_a_line("") == ""


def test_sums_are_numbers_as_they_are_on_sqlite(lens: str) -> None:
    with Reader(lens) as reader, reader.connect() as connection:
        query = "SELECT 12345678901234567890::numeric, 1.5::numeric, -3::numeric"
        row = connection.execute(text(query)).one()
    assert [(type(value), value) for value in row] == [(int, 12345678901234567890), (float, 1.5), (int, -3)]


def test_a_reader_sees_one_moment(filled: str, make: Make) -> None:
    with Reader(filled) as reader, reader.connect() as connection:
        before = connection.execute(select(exchanges.c.id)).all()
        writer = Writer(filled)
        writer.write([Item(make(body_of("more"), message_of(1)))])
        writer.close()
        assert connection.execute(select(exchanges.c.id)).all() == before


def test_a_lock_that_is_held_is_waited_for_and_then_told(
    filled: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = database.open_writer(database.parse(filled))
    sink = StoreSink(filled)
    sink.ended(make(body_of("later"), message_of(0)))
    monkeypatch.setattr(sink_module, "RETRY_SECONDS", 0.0)
    with holder.begin() as connection:
        connection.execute(select(sessions.c.id))
        monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
        with pytest.raises(StoreError, match="another program holds it locked"):
            sink.flush()
    assert sink.waiting == 1
    sink.flush()
    sink.close()
    holder.dispose()
    with Reader(filled) as reader:
        assert len(reader.exchanges("last")) == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_a_server_that_restarts_costs_nothing(
    postgres: Postgres, filled: str, make: Make, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setattr(sink_module, "RETRY_SECONDS", 0.0)
    sink = StoreSink(filled)
    reader = Reader(filled)
    sink.ended(make(body_of("before"), message_of(0)))
    sink.flush()
    assert len(reader.exchanges("last")) == 2
    postgres.stop(how)
    try:
        sink.ended(make(body_of("meanwhile"), message_of(1)))
        with pytest.raises(StoreError, match=r"postgresql://lens:\*\*\*@"):
            sink.flush()
        with pytest.raises(StoreError):
            reader.sessions()
        assert (sink.waiting, sink.lost) == (1, 0)
    finally:
        postgres.start()
    sink.flush()
    assert len(reader.exchanges("last")) == 3
    sink.close()
    # The connections of before are known to be dead when they are next used.
    postgres.stop(how)
    postgres.start()
    assert len(reader.exchanges("last")) == 3
    assert verify(reader).sound
    reader.close()


def test_several_recorders_write_one_tree(lens: str) -> None:
    code = (
        "import sys\n"
        "from benchmarks.conversation import Conversation\n"
        "from claude_lens.store.sink import StoreSink\n"
        "sink = StoreSink(sys.argv[1])\n"
        "for number, (arrived, ended) in enumerate(Conversation(1).exchanges(30)):\n"
        "    if number % 3 == int(sys.argv[2]) or number % 5 == 0:\n"
        "        sink.arrived(arrived); sink.flush(); sink.ended(ended); sink.flush()\n"
        "sink.close()\n"
    )
    line = [sys.executable, "-c", code, lens]
    running = [subprocess.Popen([*line, str(part)], cwd=ROOT) for part in range(3)]
    assert [one.wait(60) for one in running] == [0, 0, 0]

    with Reader(lens) as reader:
        report = verify(reader)
        assert report.sound, report.damage
        assert report.exchanges == 30
        assert len(reader.exchanges("last")) == 30
    assert ask(lens, "SELECT count(*) FROM nodes GROUP BY parent_id, content_id HAVING count(*) > 1") == []
    assert ask(lens, "SELECT CAST(sum(requests) AS INTEGER) FROM totals") == [(30,)]


def test_what_is_kept_is_measured_and_room_made(filled: str, make: Make) -> None:
    with opened(database.parse(filled)) as engine:
        with engine.begin() as connection:
            before = used_bytes(connection) or 0
            connection.execute(text("DELETE FROM streams"))
        with engine.connect() as connection:
            assert 0 < (used_bytes(connection) or 0) < before
        shrink(engine)
    assert ask(filled, "SELECT pg_relation_size('streams')") == [(0,)]


def test_a_reader_may_not_write(filled: str) -> None:
    engine = database.open_reader(database.parse(filled))
    assert engine is not None
    with pytest.raises(DBAPIError, match="read-only"), engine.begin() as connection:
        connection.execute(text("DELETE FROM meta"))
    engine.dispose()
