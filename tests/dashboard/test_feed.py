"""The live feed: nothing is missed, nothing comes twice, whoever comes back goes on where it was."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claude_lens.dashboard import feed as module
from claude_lens.dashboard.feed import Event, Feed
from claude_lens.settings import Settings
from claude_lens.store.reading import changes
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.dashboard.test_conversation import said, user
from tests.store.conftest import Make

BODY = {"messages": [user("x")]}


def run(reader: Reader, work: Callable[[Feed], Coroutine[Any, Any, None]]) -> None:
    """Run with a quick feed, and close it."""

    async def whole() -> None:
        feed = Feed(reader, interval=0.02)
        try:
            await asyncio.wait_for(work(feed), 20)
        finally:
            await feed.close()

    asyncio.run(whole())


async def some(watching: AsyncIterator[list[Event] | None], count: int) -> list[Event]:
    """The next events, so many."""
    found: list[Event] = []
    while len(found) < count:
        batch = await anext(watching)
        found += batch or []
    return found


def test_new_and_ended_come_once_each(make: Make, sink: StoreSink, reader: Reader) -> None:
    async def work(feed: Feed) -> None:
        watching = feed.watch(None)
        assert await anext(watching) is None
        one = make(BODY, worker="elsewhere", at=time.time())
        sink.arrived(one)
        sink.flush()
        (seen,) = await some(watching, 1)
        sink.ended(replace(make(BODY, said("y")), id=one.id))
        sink.flush()
        (again,) = await some(watching, 1)
        assert (again.row.key, again.row.summary["status"]) == (seen.row.key, "ok")
        assert again.number == seen.number + 1
        sink.ended(make(BODY, said("z")))
        sink.flush()
        assert [event.number for event in await some(watching, 1)] == [again.number + 1]

    run(reader, work)


def test_two_who_come_at_once_share_one_task(make: Make, sink: StoreSink, reader: Reader) -> None:
    async def work(feed: Feed) -> None:
        before = asyncio.all_tasks()
        watching = [feed.watch(None) for _ in range(5)]
        assert await asyncio.gather(*(anext(one) for one in watching)) == [None] * 5
        assert len(asyncio.all_tasks() - before) == 1
        sink.ended(make(BODY, said("y")))
        sink.flush()
        seen = await asyncio.gather(*(some(one, 1) for one in watching))
        assert [[event.number for event in events] for events in seen] == [[1]] * 5

    run(reader, work)


def test_who_leaves_before_it_began_watches_no_longer(reader: Reader) -> None:
    async def work(feed: Feed) -> None:
        coming = asyncio.ensure_future(anext(feed.watch(None)))
        await asyncio.sleep(0)
        assert feed.watchers == 1
        coming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await coming
        assert feed.watchers == 0

    run(reader, work)


def test_who_comes_back_gets_what_was_missed(make: Make, sink: StoreSink, reader: Reader) -> None:
    async def work(feed: Feed) -> None:
        first, second = feed.watch(None), feed.watch(None)
        assert await anext(first) is None
        assert await anext(second) is None
        sink.ended(make(BODY, said("a")))
        sink.flush()
        (seen,) = await some(first, 1)
        for _ in range(3):
            sink.ended(make(BODY, said("b")))
        sink.flush()
        await some(second, 4)
        again = feed.watch(feed.mark(seen.number))
        assert [event.number for event in await some(again, 3)] == [seen.number + n for n in (1, 2, 3)]

    run(reader, work)


@pytest.mark.parametrize("mark", ["", "nonsense", "abcd.1", "abcd.x", "."])
def test_unknown_marks_start_anew(reader: Reader, mark: str) -> None:
    async def work(feed: Feed) -> None:
        assert await anext(feed.watch(mark)) is None

    run(reader, work)


def test_marks_from_before_or_ahead_start_anew(
    make: Make, sink: StoreSink, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(feed: Feed) -> None:
        watching = feed.watch(None)
        await anext(watching)
        for _ in range(10):
            sink.ended(make(BODY, said("b")))
        sink.flush()
        last = (await some(watching, 1))[-1]
        while last.number < 10:
            last = (await some(watching, 1))[-1]
        assert await anext(feed.watch(feed.mark(2))) is None
        assert await anext(feed.watch(feed.mark(99))) is None
        assert await some(feed.watch(feed.mark(9)), 1)

    monkeypatch.setattr(module, "deque", lambda maxlen: deque(maxlen=4))
    run(reader, work)


def test_many_watch_one_poll(make: Make, sink: StoreSink, reader: Reader) -> None:
    async def work(feed: Feed) -> None:
        watchers = [feed.watch(None) for _ in range(5)]
        for one in watchers:
            await anext(one)
        assert feed.watchers == 5
        sink.ended(make(BODY, said("b")))
        sink.flush()
        seen = await asyncio.gather(*(some(one, 1) for one in watchers))
        assert len({events[0].number for events in seen}) == 1
        for one in watchers:
            await one.aclose()  # type: ignore[attr-defined]
        assert feed.watchers == 0

    run(reader, work)


def test_the_log_tells_before_the_pace_does(
    make: Make, sink: StoreSink, reader: Reader, settings: Settings
) -> None:
    async def work() -> None:
        feed = Feed(reader, interval=15.0, file=settings.home / "lens.db")
        watching = feed.watch(None)
        try:
            await anext(watching)
            for _ in range(3):
                await asyncio.sleep(0.1)
                sink.ended(make(BODY, said("b")))
                sink.flush()
                assert len(await asyncio.wait_for(some(watching, 1), 5)) == 1
        finally:
            await feed.close()

    sink.ended(make(BODY, said("a")))
    sink.flush()
    asyncio.run(work())


def test_a_log_that_is_not_there_tells_nothing(make: Make, sink: StoreSink, reader: Reader) -> None:
    async def work() -> None:
        feed = Feed(reader, interval=0.05, file=Path("/nowhere/lens.db"))
        watching = feed.watch(None)
        try:
            await anext(watching)
            sink.ended(make(BODY, said("b")))
            sink.flush()
            assert len(await asyncio.wait_for(some(watching, 1), 5)) == 1
        finally:
            await feed.close()

    asyncio.run(work())


def test_it_rests_when_nobody_watches(
    make: Make, sink: StoreSink, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.05)

    async def work(feed: Feed) -> None:
        watching = feed.watch(None)
        await anext(watching)
        mark = feed.now
        await watching.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(0.3)
        assert feed._task is None
        sink.ended(make(BODY, said("unseen")))
        sink.flush()
        again = feed.watch(mark)
        assert await anext(again) is None, "what happened meanwhile is not known"
        sink.ended(make(BODY, said("seen")))
        sink.flush()
        assert len(await some(again, 1)) == 1

    run(reader, work)


def test_a_look_that_fails_is_not_the_last(
    make: Make, sink: StoreSink, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    failed = threading.Event()
    real = changes.since

    def since(*given: Any) -> Any:
        looks.append(1)
        if len(looks) == 2:
            failed.set()
            raise KeyError("connection")
        return real(*given)

    monkeypatch.setattr(changes, "since", since)

    async def work(feed: Feed) -> None:
        watching = feed.watch(None)
        await anext(watching)
        await asyncio.to_thread(failed.wait, 10)
        sink.ended(make(BODY, said("b")))
        sink.flush()
        assert len(await some(watching, 1)) == 1

    run(reader, work)


def test_a_database_that_cannot_be_read_is_tried_again(
    make: Make, sink: StoreSink, reader: Reader, settings: Any
) -> None:
    sink.ended(make(BODY, said("b")))
    sink.flush()

    async def work(feed: Feed) -> None:
        watching = feed.watch(None)
        await anext(watching)
        path = settings.home / "lens.db"
        away = path.rename(path.with_name("away.db"))
        path.write_text("this is no database at all, and long enough to be looked at")
        await asyncio.sleep(0.2)
        path.unlink()
        away.rename(path)
        sink.ended(make(BODY, said("c")))
        sink.flush()
        assert len(await some(watching, 1)) >= 1

    run(reader, work)
