from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.conversation import Conversation
from claude_lens.settings import load
from claude_lens.store import database
from claude_lens.store.maintenance import retention
from claude_lens.store.maintenance.retention import prune
from claude_lens.store.maintenance.upkeep import used_bytes
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.numbers.stats import stats
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.rows import Item
from claude_lens.store.schema import exchanges
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import tagging
from claude_lens.store.writing.writer import Writer
from tests.store.conftest import T0, Make, ask, body_of, indexed, message_of

DAY = 86400.0


def fill(sink: StoreSink, make: Make) -> None:
    """An old session, one of two days, and a new one that shares its first words with the old one."""
    sink.ended(make(body_of("shared beginning", "ancient"), message_of(0), session="old", at=T0))
    for turn in range(1, 5):
        prompts = [f"long{n}" for n in range(turn)]
        sink.ended(make(body_of(*prompts), message_of(turn), session="long", at=T0 + turn * DAY / 2))
    sink.ended(make(body_of("shared beginning", "modern"), message_of(0), session="new", at=T0 + 3 * DAY))
    sink.arrived(make(body_of("still running"), session="busy", at=T0))
    sink.flush()


def rows(url: str, query: str) -> list[Any]:
    return list(ask(url, query))


def found(reader: Reader, words: str) -> list[str]:
    with reader.connect() as connection:
        return [hit["session_id"] for hit in search(connection, parse(words))]


def whole(reader: Reader, url: str) -> None:
    report = verify(reader)
    assert report.sound, report.damage
    indexed(url)


def test_what_is_old_goes_with_all_that_only_it_needed(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    fill(sink, make)
    with reader.connect() as connection:
        before = stats(connection)["total"]
    done = prune(url, older_than=T0 + DAY)

    assert (done.exchanges, done.sessions) == (2, 1)
    assert {one["id"] for one in reader.sessions()} == {"long", "new", "busy"}
    assert len(reader.exchanges("long")) == 3
    assert found(reader, "ancient") == []
    assert found(reader, "shared") == ["new"]
    assert found(reader, "long0") == ["long"]
    assert not rows(url, "SELECT 1 FROM contents WHERE CAST(data AS TEXT) LIKE '%ancient%'")
    with reader.connect() as connection:
        assert stats(connection)["total"] == before
        by_session = {one["key"]: one["requests"] for one in stats(connection, by="session")["groups"]}
    assert by_session == {"long": 4, "new": 1, "unknown": 1}
    assert rows(url, "SELECT count(*) FROM payloads") == [(5,)]
    whole(reader, url)


def test_what_was_pruned_can_be_recorded_again(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    top = rows(url, "SELECT max(id) FROM exchanges")[0][0]
    prune(url, older_than=T0 + 10 * DAY)
    assert {one["id"] for one in reader.sessions()} == {"busy"}
    body = body_of("shared beginning", "ancient")
    sink.ended(make(body, message_of(0), session="old", at=T0))
    sink.flush()

    assert reader.rebuild("last") == body
    assert rows(url, "SELECT max(id) FROM exchanges")[0][0] > top
    assert found(reader, "ancient") == ["old"]
    whole(reader, url)


def test_a_session_goes_and_its_cost_stays(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    done = prune(url, session="long")

    assert (done.exchanges, done.sessions) == (4, 1)
    assert found(reader, "long0") == []
    with reader.connect() as connection:
        assert stats(connection, Filter(project="/home/me/app"))["total"]["requests"] == 6
    whole(reader, url)


def test_a_dry_run_changes_nothing(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    fill(sink, make)
    before = rows(url, "SELECT count(*) FROM exchanges")
    done = prune(url, older_than=T0 + DAY, dry_run=True)

    assert (done.exchanges, done.sessions, done.bytes_after) == (2, 1, None)
    assert rows(url, "SELECT count(*) FROM exchanges") == before


def size(url: str) -> int:
    """Bytes of the file, or of what is kept in PostgreSQL's."""
    file = database.file_of(database.parse(url))
    if file is not None:
        return file.stat().st_size
    with Reader(url) as reader, reader.connect() as connection:
        return used_bytes(connection) or 0


def test_a_database_is_brought_under_a_size(url: str, reader: Reader) -> None:
    sink = StoreSink(url)
    for seed in range(6):
        for _, ended in Conversation(seed).exchanges(20):
            sink.ended(ended)
        sink.flush()
    sink.close()
    limit = size(url) // 2
    done = prune(url, max_size=limit)

    assert done.exchanges > 10
    assert size(url) <= limit * 1.1
    if database.file_of(database.parse(url)):
        assert done.bytes_after == size(url)
    assert reader.sessions()
    whole(reader, url)


def test_pruning_is_due_once_a_day(tmp_path: Path, sink: StoreSink, url: str, make: Make) -> None:
    fill(sink, make)
    keep = load({"CLAUDE_LENS_DATABASE_URL": url, "CLAUDE_LENS_KEEP_DAYS": "30"})
    assert not retention.due(load({"CLAUDE_LENS_DATABASE_URL": url}))
    assert retention.due(keep, 1000.0)
    assert not retention.due(keep, 1000.0 + DAY - 1)
    assert retention.due(keep, 1000.0 + DAY)
    assert retention.apply(keep).exchanges == 6


@pytest.mark.slow
def test_two_readers_a_writer_and_a_prune_at_once(url: str, make: Make) -> None:
    stop, errors, waits = threading.Event(), [], []
    sink = StoreSink(url)
    for seed in range(20):
        for _, ended in Conversation(seed).exchanges(15):
            sink.ended(ended)
        sink.flush()
    sink.close()
    kept: dict[str, Any] = {}

    def guarded(action: Any) -> Any:
        def run() -> None:
            try:
                while not stop.is_set():
                    action()
            except Exception as error:
                errors.append(error)

        return threading.Thread(target=run)

    writer = Writer(url)
    talks = iter([pair for seed in range(100, 140) for pair in Conversation(seed).exchanges(15)])

    def write() -> None:
        arrived, ended = next(talks)
        for one in (arrived, ended):
            start = time.perf_counter()
            writer.write([Item(one)])
            waits.append(time.perf_counter() - start)
        kept[ended.id] = ended.request.json
        time.sleep(0.005)

    readers = [Reader(url) for _ in range(2)]
    threads = [guarded(write)]
    threads += [
        guarded(lambda one=one: (one.sessions(), one.show("last"), found(one, "re*"))) for one in readers
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    for share in (6, 12, 18):
        with readers[0].connect() as connection:
            oldest = select(exchanges.c.started_at).order_by(exchanges.c.id)
            at = connection.execute(oldest.offset(share).limit(1)).scalar()
        prune(url, older_than=at)
        prune(url, session=readers[0].sessions(200)[-1]["id"])
    stop.set()
    for thread in threads:
        thread.join()
    writer.close()

    assert not errors
    assert max(waits) < 10, "a prune keeps nobody waiting until it is done"
    for each in readers:
        each.close()
    assert_kept(url, kept)


def assert_kept(url: str, kept: dict[str, Any]) -> None:
    """What was written and not pruned is there, whole."""
    with Reader(url) as reader:
        report = verify(reader)
        assert report.sound, report.damage
        alive = {one["id"] for session in reader.sessions(200) for one in reader.exchanges(session["id"])}
        assert alive & set(kept)
        for name in sorted(alive & set(kept))[:40]:
            assert reader.rebuild(name) == kept[name]


def test_streams_and_tags_go_with_what_they_belong_to(
    url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    fill(sink, make)
    for name in ("old", "long", "new"):
        tagging.change(url, name, add=["kept", f"of {name}"])
    assert len(rows(url, "SELECT * FROM streams")) == 6

    prune(url, older_than=T0 + 1.2 * DAY, dry_run=True)
    assert len(rows(url, "SELECT * FROM streams")) == 6
    prune(url, older_than=T0 + 1.2 * DAY)

    assert rows(url, "SELECT exchange FROM streams") == rows(
        url, "SELECT id FROM exchanges WHERE status = 'ok'"
    )
    assert {one["id"]: one["tags"] for one in reader.sessions()} == {
        "long": ["kept", "of long"],
        "new": ["kept", "of new"],
        "busy": [],
    }
    prune(url, session="new")
    assert {tag for (tag,) in rows(url, "SELECT tag FROM tags")} == {"kept", "of long"}
    assert len(rows(url, "SELECT * FROM sizes")) == 1
    whole(reader, url)
    # A session that comes back is another.
    sink.ended(make(body_of("again"), message_of(0), session="new", at=T0 + 4 * DAY))
    sink.flush()
    assert reader.session("new")["tags"] == []
