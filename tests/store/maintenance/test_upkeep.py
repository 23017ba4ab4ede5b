from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from claude_lens.store import database
from claude_lens.store.maintenance.upkeep import (
    in_chunks,
    note_deletion,
    opened,
    quiet,
    reading,
    remember,
    shrink,
    used_bytes,
)
from claude_lens.store.schema import meta
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of


def test_chunks_hold_everything_once_and_none_takes_long(url: str) -> None:
    seen: list[int] = []
    sizes: list[int] = []
    shares: list[float] = []

    def action(connection: Connection, part: Sequence[int]) -> None:
        seen.extend(part)
        sizes.append(len(part))
        time.sleep(len(part) / 1000)

    with opened(database.parse(url)) as engine:
        in_chunks(engine, range(600), action, shares.append)
    assert seen == list(range(600))
    assert max(sizes) < 400
    assert shares[-1] == 1.0
    assert shares == sorted(shares)


def test_deleted_ids_are_remembered_and_writers_forget(url: str, sink: StoreSink, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    with opened(database.parse(url)) as engine, engine.begin() as connection:
        before = {row.key: row.value for row in connection.execute(select(meta))}
        note_deletion(connection)
        after = {row.key: row.value for row in connection.execute(select(meta))}
        remember(connection, "x", "1")
        remember(connection, "x", "2")
        assert connection.execute(select(meta.c.value).where(meta.c.key == "x")).scalar() == "2"
    assert before["generation"] != after["generation"]
    assert after["top_exchanges"] == "1"


@pytest.mark.sqlite
def test_free_pages_go_back_to_the_file_system(url: str, sink: StoreSink, make: Make) -> None:
    for number in range(300):
        sink.ended(make(body_of(f"{number} " * 400), message_of(number)))
    sink.close()
    file = database.file_of(database.parse(url)) or Path()
    before = file.stat().st_size
    with opened(database.parse(url)) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM contents")
            assert (used_bytes(connection) or 0) < before
        shrink(engine)
    assert file.stat().st_size <= before - 60_000


def test_progress_for_nobody() -> None:
    quiet("something", 0.5)
    with pytest.raises(TypeError):
        quiet()  # type: ignore[call-arg]


def test_a_long_look_locks_out_nobody(url: str, sink: StoreSink, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    with opened(database.parse(url)) as engine, reading(engine) as connection:
        connection.execute(select(meta)).all()
        start = time.perf_counter()
        sink.ended(make(body_of("b"), message_of(0)))
        sink.flush()
        assert time.perf_counter() - start < 10
