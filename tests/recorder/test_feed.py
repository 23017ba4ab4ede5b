"""The proxy's end: never blocks, loses nothing but what it counts."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_lens.recorder.feed import Feed, recorder_command
from tests.recorder.conftest import arrival, ending

MakeFeed = Callable[..., Feed]


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def entries(journal: Path) -> list[list[str]]:
    return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []


@pytest.fixture
def make_feed(journal: Path) -> Iterator[MakeFeed]:
    made: list[Feed] = []

    def make(limit: int = 2**20, log: Callable[[str], None] = print) -> Feed:
        made.append(Feed(recorder_command([]), limit=limit, log=log))
        made[-1].start()
        return made[-1]

    yield make
    for feed in made:
        feed.close()


def test_everything_reaches_the_sink_before_close_returns(make_feed: MakeFeed, journal: Path) -> None:
    feed = make_feed()
    feed.start()
    for number in range(200):
        feed.put(arrival(number))
        feed.put(ending(number))
    assert feed.close()
    assert feed.close()
    assert [entry[0] for entry in entries(journal)] == ["arrived", "ended"] * 200
    status = feed.status()
    assert (status["recorded"], status["dropped"], status["queued"], status["queued_bytes"]) == (200, 0, 0, 0)


def test_overflow_drops_whole_exchanges_and_counts_them(make_feed: MakeFeed, journal: Path) -> None:
    logged: list[str] = []
    feed = make_feed(limit=10_000, log=logged.append)
    os.kill(_recorder(feed), signal.SIGSTOP)
    for number in range(6):
        feed.put(arrival(number, b"x" * 2000))
        feed.put(ending(number))
    assert feed.status()["dropped"] > 0
    os.kill(_recorder(feed), signal.SIGCONT)
    feed.close()
    kept = 6 - feed.status()["dropped"]
    assert [entry[0] for entry in entries(journal)] == ["arrived", "ended"] * kept
    assert feed.status()["recorded"] == kept
    assert feed.status()["queued_bytes"] == 0
    assert sum("falls behind" in line for line in logged) == 1


def test_a_killed_recorder_is_replaced_and_gets_what_it_had_not_stored(
    make_feed: MakeFeed, journal: Path
) -> None:
    logged: list[str] = []
    feed = make_feed(log=logged.append)
    feed.put(arrival(1))
    until(lambda: len(entries(journal)) == 1)
    os.kill(_recorder(feed), signal.SIGSTOP)
    feed.put(arrival(2))
    feed.put(ending(2))
    until(lambda: feed.status()["queued"] >= 2)
    os.kill(_recorder(feed), signal.SIGKILL)
    until(lambda: feed.status()["restarts"] == 1 and len(entries(journal)) >= 4)
    feed.put(ending(1))
    feed.put(arrival(3))
    feed.put(ending(3))
    assert feed.close()
    numbered = [(entry[0], int(entry[1], 16)) for entry in entries(journal)]
    assert numbered == [
        ("arrived", 1),
        ("arrived", 1),
        ("arrived", 2),
        ("ended", 2),
        ("ended", 1),
        ("arrived", 3),
        ("ended", 3),
    ]
    assert feed.status()["faults"] == {}
    assert feed.status()["queued_bytes"] == 0
    assert any("starting it again" in line for line in logged)


def test_a_frame_that_kills_every_recorder_is_given_up(make_feed: MakeFeed, journal: Path) -> None:
    feed = make_feed(log=lambda line: None)
    feed.put(arrival(1, b"kill the recorder"))
    feed.put(arrival(2))
    until(lambda: any(entry[1] == f"{2:032x}" for entry in entries(journal)), 40)
    assert feed.status()["dropped"] == 1
    assert feed.status()["restarts"] >= 3


def test_a_known_frame_that_kills_every_new_recorder_is_given_up_too(
    make_feed: MakeFeed, journal: Path
) -> None:
    feed = make_feed(log=lambda line: None)
    deadly = Path(f"{journal}.deadly")
    feed.put(arrival(1, b"x" * 5000))
    until(lambda: len(entries(journal)) == 1 and feed.status()["queued"] == 0)
    deadly.touch()
    os.kill(_recorder(feed), signal.SIGKILL)
    until(lambda: feed.status()["dropped"] == 1, 40)
    deadly.unlink()
    feed.put(ending(1))
    feed.put(arrival(2))
    until(lambda: any(entry[1] == f"{2:032x}" for entry in entries(journal)), 40)
    feed.put(ending(2))
    assert feed.close()
    assert feed.status()["queued_bytes"] == 0


def test_put_never_blocks(make_feed: MakeFeed) -> None:
    feed = make_feed(limit=2**26)
    os.kill(_recorder(feed), signal.SIGSTOP)
    started = time.perf_counter()
    for number in range(50):
        feed.put(arrival(number, b"x" * 500_000))
    assert time.perf_counter() - started < 1.0
    os.kill(_recorder(feed), signal.SIGCONT)


def test_faults_of_a_sink_are_shown(make_feed: MakeFeed) -> None:
    feed = make_feed()
    feed.put(arrival(1, b"break the sink"))
    until(lambda: bool(feed.status()["faults"]))
    assert feed.status()["faults"]["journal"]["last"] == "OSError: the journal is full"


def _recorder(feed: Feed) -> int:
    until(lambda: bool(feed.status()["sinks"]))
    pid = feed.status()["recorder_pid"]
    assert isinstance(pid, int)
    return pid
