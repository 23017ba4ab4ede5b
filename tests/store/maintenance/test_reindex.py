"""The search index is made anew: newest first, stopped and gone on with, beside those who read and write."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, func, select

from claude_lens.store import database
from claude_lens.store.maintenance import reindex, upgrading, upkeep
from claude_lens.store.maintenance.retention import prune
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.schema import SEARCH_BEFORE, contents
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing.derived import to_index
from tests.store.conftest import T0, Make, ask, body_of, change, indexed, message_of
from tests.store.earlier import take_back

SESSIONS = 30


@pytest.fixture
def engine(url: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A writer's engine of a database of the version before; but for its index it is brought over."""
    sink = StoreSink(url)
    for number in range(SESSIONS):
        sink.ended(make(body_of(f"walrusNumber{number}"), message_of(0), session=f"s{number:02}"))
    sink.close()
    take_back(url, "0009")
    monkeypatch.setattr(reindex, "FEW", 0)
    opened = database.open_writer(database.parse(url))
    # PostgreSQL's has the words of the version before until they are replaced; here those of today.
    change(url, "DELETE FROM search") if url.startswith("postgresql") else None
    yield opened
    opened.dispose()


def found(reader: Reader, asked: str) -> list[str]:
    with reader.connect() as connection:
        return sorted(hit["session_id"] for hit in search(connection, parse(asked), limit=100))


def share(reader: Reader) -> float:
    with reader.connect() as connection:
        return reindex.share_left(connection)


def some(engine: Engine) -> int:
    """Index the newer half; up to which content nothing is indexed then."""
    with engine.begin() as connection:
        top = connection.execute(select(func.max(contents.c.id))).scalar_one()
        reindex._again(connection, range(top, top // 2, -1))
        return to_index(connection)[0]


def test_the_newest_come_first_and_it_goes_on(engine: Engine, url: str, reader: Reader) -> None:
    assert share(reader) == 1.0
    last = some(engine)
    assert 0 < share(reader) < 1
    half = found(reader, "walrus")
    assert half == [f"s{number:02}" for number in range(SESSIONS)][-len(half) :]
    assert len(half) < SESSIONS
    with engine.begin() as connection:
        # Another that was at the same place finds it done.
        assert reindex._again(connection, range(last + 10, last, -1)) == 0

    shares: list[float] = []
    done = upgrading.bring_over(url, lambda what, share: shares.append(share))

    assert 0 < done.indexed < 3 * SESSIONS
    assert (shares[-1], sorted(shares)) == (1.0, shares)
    assert found(reader, "walrus") == [f"s{number:02}" for number in range(SESSIONS)]
    assert (share(reader), upgrading.bring_over(url)) == (0.0, (0, 0))
    assert len(indexed(url, "walrus")) == SESSIONS
    if url.startswith("sqlite"):
        assert ask(url, f"SELECT name FROM sqlite_master WHERE name LIKE '{SEARCH_BEFORE}%'") == []


def test_what_comes_and_goes_meanwhile(engine: Engine, url: str, reader: Reader, make: Make) -> None:
    some(engine)
    sink = StoreSink(url)
    sink.ended(make(body_of("walrus of today"), message_of(0), session="new", at=T0 + 9e6))
    sink.close()
    for session in ("s00", "s29"):
        prune(url, session=session)
    upgrading.bring_over(url)
    assert found(reader, "walrus") == ["new", *(f"s{number:02}" for number in range(1, SESSIONS - 1))]
    assert len(indexed(url, "walrus")) == SESSIONS - 1


def test_a_scrub_meanwhile(engine: Engine, url: str, reader: Reader) -> None:
    from claude_lens.redact import Redactor
    from claude_lens.store.maintenance.scrub import scrub

    some(engine)
    scrub(url, Redactor([("mine", re.compile(r"Number(?:3|27)\b"))]))
    upgrading.bring_over(url)
    assert found(reader, "walrusNumber3") == found(reader, "walrusNumber27") == []
    assert found(reader, "walrusNumber4") == ["s04"]
    indexed(url)


def test_a_small_one_is_done_at_once(url: str, make: Make, reader: Reader) -> None:
    sink = StoreSink(url)
    sink.ended(make(body_of("oneWalrus"), message_of(0)))
    sink.close()
    take_back(url, "0009")
    assert found(reader, "walrus") == ["11111111-aaaa"]
    assert share(reader) == 0.0


def test_in_small_steps(engine: Engine, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_PAUSE", 0)
    monkeypatch.setattr(upkeep, "_GREATEST_CHUNK", 7)
    monkeypatch.setattr(reindex, "_LEAST", 1)
    monkeypatch.setattr(reindex, "_CHUNK", 3)
    monkeypatch.setattr(reindex, "_BLOCKS", 1)
    reindex.reindex_on(engine)
    assert found(reader, "number7 OR walrusNumber7") == ["s07"]
    assert len(found(reader, "walrus")) == SESSIONS
