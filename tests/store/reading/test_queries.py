from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from claude_lens.errors import NotFound
from claude_lens.exchange import Agent, Cost, Usage
from claude_lens.settings import load
from claude_lens.store.reading.queries import Found, Reader, open_reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

ALIVE = f"{socket.gethostname()}:{os.getpid()}:{int(time.time())}"


def test_a_session_sums_what_its_exchanges_took(sink: StoreSink, reader: Reader, make: Make) -> None:
    unknown = make(body_of("b"), message_of(1), cost=Cost(), agent=Agent(id="a1", type="Explore"), at=50.0)
    failed = make(
        body_of("c"), {"error": {}}, cost=Cost(), usage=None, status="error", at=60.0, duration_ms=2000.0
    )
    for exchange in (make(body_of("hello"), message_of(0), at=40.0), unknown, failed):
        sink.ended(exchange)
    sink.flush()

    assert reader.sessions() == [
        {
            "id": "11111111-aaaa",
            "title": "hello",
            "tags": [],
            "project": "/home/me/app",
            "branch": "main",
            "started_at": "1970-01-01T00:00:40.000Z",
            "ended_at": "1970-01-01T00:01:02.000Z",
            "exchanges": 3,
            "agents": 2,
            "cost_usd": 0.25,
            "unpriced": 1,
            "usage": {
                "input_tokens": 6,
                "output_tokens": 10,
                "cache_read_input_tokens": 200,
                "cache_creation_input_tokens": 0,
            },
        }
    ]
    assert reader.session("1111") == reader.sessions()[0]


def test_an_unknown_cost_is_unknown_and_not_zero(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0), cost=Cost()))
    sink.flush()

    assert reader.sessions()[0]["cost_usd"] is None
    assert reader.agents("last")[0]["cost_usd"] is None
    assert reader.exchange("last")["cost_usd"] is None


def test_the_newest_session_comes_first_and_pages_follow_each_other(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    for number in range(7):
        sink.ended(make(body_of("x"), message_of(0), session=f"s{number}", at=100.0 + number // 2))
    sink.ended(make(body_of("x"), message_of(0), session="s0", at=900.0))
    sink.flush()

    everything = [each["id"] for each in reader.sessions()]
    assert everything == ["s0", "s6", "s5", "s4", "s3", "s2", "s1"]
    pages, before = [], None
    while page := reader.sessions(2, before=before):
        pages += [each["id"] for each in page]
        before = pages[-1]
    assert pages == everything


def test_agents_are_told_apart_and_keep_their_parents(sink: StoreSink, reader: Reader, make: Make) -> None:
    child = Agent(id="a1", type="Explore", name="explorer", description="look around", evidence="spawn")
    nested = Agent(id="a2", parent_id="a1", type="custom", evidence="headers")
    for at, agent in ((3.0, nested), (1.0, child), (2.0, None), (4.0, child)):
        sink.ended(make(body_of("x"), message_of(0), agent=agent, at=at))
    sink.flush()

    agents = reader.agents("last")

    assert [(each["id"], each["parent_id"], each["type"], each["name"]) for each in agents] == [
        (None, None, None, None),
        ("a1", None, "Explore", "explorer"),
        ("a2", "a1", "custom", None),
    ]
    assert agents[1]["description"] == "look around"
    assert (agents[1]["exchanges"], agents[1]["cost_usd"], agents[1]["duration_ms"]) == (2, 0.5, 3900.0)
    assert agents[1]["usage"]["output_tokens"] == 10


def test_showing_a_session_holds_every_exchange_in_order_of_time(
    sink: StoreSink, reader: Reader, make: Make
) -> None:
    bodies = {3.0: body_of("c"), 1.0: body_of("a"), 2.0: body_of("b")}
    for at, body in bodies.items():
        sink.ended(make(body, message_of(0), at=at))
    sink.ended(make(body_of("not this"), message_of(0), session="other", at=0.5))
    sink.flush()

    shown = reader.show("1111")

    assert [each["request"]["body"] for each in shown["exchanges"]] == [bodies[1.0], bodies[2.0], bodies[3.0]]
    assert shown["session"]["id"] == "11111111-aaaa"
    assert len(shown["agents"]) == 1
    assert reader.exchange(shown["exchanges"][0]["id"]) == shown["exchanges"][0]


def test_while_something_runs_nothing_has_ended(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0), at=time.time(), session="other"))
    sink.arrived(make(body_of("a"), worker=ALIVE, at=time.time()))
    sink.arrived(make(body_of("a"), worker=ALIVE, at=time.time(), agent=Agent(id="a1")))
    sink.flush()

    ended = {each["id"]: each["ended_at"] for each in reader.sessions()}
    assert ended["11111111-aaaa"] is None
    assert ended["other"] is not None
    assert [each["ended_at"] for each in reader.agents("1111")] == [None, None]
    assert [each["status"] for each in reader.exchanges("1111")] == ["running", "running"]


def test_what_a_dead_worker_left_is_shown_as_interrupted(sink: StoreSink, reader: Reader, make: Make) -> None:
    worker = f"{socket.gethostname()}:{os.getpid()}:1000"
    sink.arrived(make(body_of("a"), worker=worker, at=time.time()))
    sink.flush()

    assert reader.exchange("last")["status"] == "interrupted"
    assert reader.sessions()[0]["ended_at"] is not None
    assert reader.agents("last")[0]["duration_ms"] == 0


def test_ids_may_be_unique_prefixes(sink: StoreSink, reader: Reader, make: Make) -> None:
    for name, session in (("aa11", "5e55-1"), ("aa12", "5e55-2"), ("b", "aa5e"), ("bb", "aa5e")):
        sink.ended(make(body_of("x"), message_of(0), session=session, id=name))
    sink.flush()

    assert reader.resolve("5e55-1") == Found("session", "5e55-1")
    assert reader.resolve("aa11") == Found("exchange", "aa11")
    assert reader.resolve("aa") == Found("session", "aa5e")
    assert reader.resolve("b") == Found("exchange", "b")
    assert reader.resolve("5e55-1", prefer="exchange") == Found("session", "5e55-1")
    with pytest.raises(NotFound, match="'aa' is ambiguous: aa11, aa12"):
        reader.resolve("aa", prefer="exchange")
    with pytest.raises(NotFound, match="'5e55' is ambiguous: 5e55-1, 5e55-2"):
        reader.session("5e55")
    for wrong in ("zz", "", "%", "_a11"):
        with pytest.raises(NotFound, match="no session"):
            reader.resolve(wrong)
        with pytest.raises(NotFound, match="no exchange"):
            reader.exchange(wrong)


def test_last_is_the_newest(sink: StoreSink, reader: Reader, make: Make) -> None:
    with pytest.raises(NotFound, match="no session recorded yet"):
        reader.resolve("last")
    sink.ended(make(body_of("x"), message_of(0), session="new", at=20.0, id="1"))
    sink.ended(make(body_of("x"), message_of(0), session="old", at=10.0, id="2"))
    sink.flush()

    assert reader.resolve("last") == Found("session", "new")
    assert reader.resolve("last", prefer="exchange") == Found("exchange", "1")


def test_many_candidates_are_not_all_listed(sink: StoreSink, reader: Reader, make: Make) -> None:
    for number in range(20):
        sink.ended(make(body_of("x"), message_of(0), id=f"e{number:02}"))
    sink.flush()

    with pytest.raises(NotFound, match=r"e00, e01, e02, e03, e04, …$"):
        reader.exchange("e")


def test_lists_read_no_content(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("x"), message_of(0)))
    sink.flush()
    seen: list[str] = []
    with reader.connect() as connection:
        event.listen(connection.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    reader.sessions()
    reader.exchanges("last")
    reader.resolve("last")

    assert not [said for said in seen if "payloads" in said or "contents" in said or "nodes" in said]


def test_a_reader_sees_one_state_while_a_writer_writes(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("x"), message_of(0)))
    sink.flush()
    with reader.connect() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM exchanges").scalar()
        sink.ended(make(body_of("x"), message_of(0)))
        sink.flush()
        assert connection.exec_driver_sql("SELECT count(*) FROM exchanges").scalar() == before

    assert len(reader.exchanges("last")) == 2


def test_the_settings_name_the_database(tmp_path: Path) -> None:
    settings = load({"CLAUDE_LENS_HOME": str(tmp_path)})

    with open_reader(settings) as reader:
        assert reader.sessions() == []
    with open_reader(settings.database_url) as reader:
        assert reader.sessions() == []


def test_token_counts_of_zero_are_not_unknown(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("x"), message_of(0), usage=Usage(), cost=Cost(usd=0.0)))
    sink.ended(make(body_of("x"), message_of(0), usage=None, cost=Cost()))
    sink.flush()

    first, second = reader.exchanges("last")
    assert first["usage"] is not None
    assert first["usage"]["input_tokens"] == 0
    assert second["usage"] is None
    assert reader.sessions()[0]["cost_usd"] == 0.0


def test_before_there_is_a_database_many_may_ask_at_once(tmp_path: Path) -> None:
    with Reader(f"sqlite:///{tmp_path / 'lens.db'}") as reader, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(reader.sessions) for _ in range(400)]
        assert all(one.result() == [] for one in asked)
