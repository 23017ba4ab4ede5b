"""The proxy's end: never blocks, loses nothing but what it counts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_lens.recorder.feed import Feed, recorder_command
from claude_lens.spool.records import HEADER, Sealer
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

    def make(limit: int = 2**20, log: Callable[[str], None] = print, spool_limit: int = 2**30) -> Feed:
        home = journal.parent / "home"
        home.mkdir(exist_ok=True)
        made.append(Feed(recorder_command([]), home=home, limit=limit, spool_limit=spool_limit, log=log))
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


def test_what_exceeds_memory_lies_on_disk_and_nothing_is_lost(make_feed: MakeFeed, journal: Path) -> None:
    feed = make_feed(limit=20_000)
    os.kill(_recorder(feed), signal.SIGSTOP)
    for number in range(40):
        until(lambda: feed.status()["queued_bytes"] < 10_000)
        feed.put(arrival(number, b"x" * 2000))
        feed.put(ending(number))
    until(lambda: feed.status()["queued_bytes"] == 0)
    told = feed.status()
    assert (told["passed"], told["stored"], told["waiting"], told["lost"]) == (40, 0, 40, 0)
    os.kill(_recorder(feed), signal.SIGCONT)
    assert feed.close()
    assert [entry[0] for entry in entries(journal)] == ["arrived", "ended"] * 40
    told = feed.status()
    assert (told["passed"], told["stored"], told["waiting"], told["lost"]) == (40, 40, 0, 0)


def test_where_the_disk_takes_nothing_what_fits_in_memory_still_reaches_the_sink(
    make_feed: MakeFeed, journal: Path
) -> None:
    logged: list[str] = []
    feed = make_feed(limit=20_000, log=logged.append, spool_limit=1)
    os.kill(_recorder(feed), signal.SIGSTOP)
    for number in range(8):
        feed.put(arrival(number, b"x" * 2000))
        feed.put(ending(number))
    lost = feed.status()["lost"]
    assert lost > 0
    assert sum("exchanges are lost" in line for line in logged) == 1
    until(lambda: any("the spool is full" in line for line in logged))
    os.kill(_recorder(feed), signal.SIGCONT)
    until(lambda: feed.status()["stored"] == 8 - lost)
    until(lambda: feed.status()["queued_bytes"] == 0)
    assert feed.close()
    assert [entry[0] for entry in entries(journal)] == ["arrived", "ended"] * (8 - lost)
    told = feed.status()
    assert (told["passed"], told["stored"], told["waiting"], told["lost"]) == (8, 8 - lost, 0, lost)


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
    until(lambda: feed.status()["restarts"] == 1 and len(entries(journal)) >= 3)
    feed.put(ending(1))
    feed.put(arrival(3))
    feed.put(ending(3))
    assert feed.close()
    numbered = [(entry[0], int(entry[1], 16)) for entry in entries(journal)]
    assert numbered == [
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


def test_a_frame_that_kills_every_recorder_is_set_aside_and_told(make_feed: MakeFeed, journal: Path) -> None:
    feed = make_feed(log=lambda line: None)
    feed.put(arrival(1, b"kill the recorder"))
    feed.put(arrival(2))
    until(lambda: any(entry[1] == f"{2:032x}" for entry in entries(journal)), 60)
    feed.put(ending(1))
    feed.put(ending(2))
    until(lambda: feed.status()["stored"] == 1)
    told = feed.status()
    assert (told["passed"], told["lost"], told["aside"], told["waiting"]) == (2, 1, 1, 0)
    assert told["restarts"] >= 3
    kept = [path for path in (journal.parent / "home/spool/aside").iterdir() if path.name[0].isdigit()]
    sealed = kept[0].read_bytes()
    assert len(kept) == 1
    assert b"kill the recorder" not in sealed
    key = (kept[0].parent / "key").read_bytes()
    assert Sealer(key).open(sealed[:HEADER], sealed[HEADER:])[1] == b"kill the recorder"
    assert feed.close()


def test_recorders_killed_while_a_sink_is_away_set_nothing_aside(make_feed: MakeFeed, journal: Path) -> None:
    lock = Path(f"{journal}.locked")
    lock.touch()
    feed = make_feed(log=lambda line: None)
    feed.put(arrival(1))
    feed.put(ending(1))
    for count in range(4):
        until(
            lambda: feed.status()["waiting_for"] is not None and feed.status()["failing"] == ["journal"], 30
        )
        os.kill(_recorder(feed), signal.SIGKILL)
        until(lambda count=count: feed.status()["restarts"] == count + 1, 30)  # type: ignore[misc]
    lock.unlink()
    until(lambda: feed.status()["stored"] == 1, 30)
    assert (feed.status()["aside"], feed.status()["lost"]) == (0, 0)
    assert feed.close()


def test_a_home_that_is_removed_is_made_anew(make_feed: MakeFeed, journal: Path) -> None:
    feed = make_feed()
    feed.put(arrival(1))
    feed.put(ending(1))
    until(lambda: feed.status()["stored"] == 1)
    shutil.rmtree(journal.parent / "home")
    until(lambda: feed.status()["passed"] == 0)
    (journal.parent / "home").mkdir()
    feed.put(arrival(2))
    feed.put(ending(2))
    until(lambda: feed.status()["stored"] == 1)
    assert feed.close()


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
