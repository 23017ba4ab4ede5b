from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from claude_lens.errors import StoreError, UserError
from claude_lens.store.maintenance.salvage import salvage
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

SESSIONS = [f"{number:08x}-salvaged" for number in range(6)]
PAGE = 4096


@pytest.fixture
def kept(tmp_path: Path, make: Make) -> dict[str, Any]:
    """A database of 72 exchanges; their request bodies by id."""
    sink = StoreSink(url_in(tmp_path))
    bodies: dict[str, Any] = {}
    noise = random.Random(5)
    for session in SESSIONS:
        words = [f"{turn} {noise.randbytes(700).hex()}" for turn in range(12)]
        for turn in range(12):
            one = make(body_of(*words[: turn + 1]), message_of(turn), session=session)
            bodies[one.id] = one.request.json
            sink.ended(one)
    sink.flush()
    sink.close()
    file = tmp_path / "lens.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return bodies


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder}/lens.db"


def found_in(url: str) -> dict[str, Any]:
    """What is there, by id; None where the body is gone."""
    reader = Reader(url)
    found: dict[str, Any] = {}
    for session in reader.sessions(100):
        for one in reader.exchanges(session["id"]):
            found[one["id"]] = reader.rebuild(one["id"])
            assert reader.exchange(one["id"])["id"] == one["id"]
    reader.close()
    return found


def spoil(file: Path, seed: int, pages: int) -> None:
    """Overwrite some pages; not those that say what tables there are, without which nothing can be read."""
    chance = random.Random(seed)
    whole = file.read_bytes()
    order = chance.sample(range(1, len(whole) // PAGE), len(whole) // PAGE - 1)
    while pages:
        page = order.pop() * PAGE
        file.write_bytes(whole[:page] + chance.randbytes(PAGE) + whole[page + PAGE :])
        connection = sqlite3.connect(file)
        try:
            connection.execute("SELECT name FROM sqlite_master").fetchall()
        except sqlite3.DatabaseError:
            continue
        finally:
            connection.close()
        whole = file.read_bytes()
        pages -= 1
    file.write_bytes(whole)


def test_of_a_sound_database_everything_is_saved(tmp_path: Path, kept: dict[str, Any]) -> None:
    url = url_in(tmp_path)
    before = found_in(url)
    saved = salvage(url)
    assert (saved.exchanges, saved.figures_only, saved.unreadable) == (72, 0, [])
    assert found_in(url) == before
    reader = Reader(url)
    assert verify(reader).sound
    reader.close()
    assert (tmp_path / "lens.db.damaged").exists()
    assert not list(tmp_path.glob("*.salvaged*"))


@pytest.mark.parametrize("seed", range(6))
def test_what_can_be_read_is_saved_and_whole(tmp_path: Path, kept: dict[str, Any], seed: int) -> None:
    url = url_in(tmp_path)
    before = found_in(url)
    spoil(tmp_path / "lens.db", seed, 1 + seed)
    saved = salvage(url)
    reader = Reader(url)
    assert verify(reader).sound
    reader.close()
    after = found_in(url)
    assert len(after) == saved.exchanges + saved.figures_only
    assert len(after) > 20, saved
    whole = {key: body for key, body in after.items() if body is not None}
    assert len(whole) == saved.exchanges > 0
    assert {key: before[key] for key in whole} == whole == {key: kept[key] for key in whole}


def test_it_is_written_to_and_searched_afterwards(tmp_path: Path, kept: dict[str, Any], make: Make) -> None:
    spoil(tmp_path / "lens.db", 1, 3)
    saved = salvage(url_in(tmp_path))
    sink = StoreSink(url_in(tmp_path))
    sink.ended(make(body_of("afterwards"), message_of(0), id="f" * 32, session="another"))
    sink.flush()
    sink.close()
    assert len(found_in(url_in(tmp_path))) == saved.exchanges + saved.figures_only + 1


def test_no_list_of_tables(tmp_path: Path, kept: dict[str, Any]) -> None:
    file = tmp_path / "lens.db"
    data = bytearray(file.read_bytes())
    data[100:PAGE] = b"\xff" * (PAGE - 100)
    file.write_bytes(data)
    with pytest.raises(StoreError):
        salvage(url_in(tmp_path))
    assert file.read_bytes() == data
    assert not list(tmp_path.glob("*.salvaged*"))


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database yet"):
        salvage(url_in(tmp_path))
    (tmp_path / "lens.db").write_bytes(b"")
    with pytest.raises(StoreError, match="no records"):
        salvage(url_in(tmp_path))
    (tmp_path / "lens.db.damaged").write_bytes(b"")
    with pytest.raises(UserError, match="already"):
        salvage(url_in(tmp_path))
    with pytest.raises(UserError, match="only an SQLite"):
        salvage("postgresql://h/db")
