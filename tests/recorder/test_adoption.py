"""What a dead proxy and its dead recorder left is taken in by the next recorder of the home, once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from claude_lens.recorder.adoption import Shelf
from claude_lens.recorder.feed import Feed, recorder_command
from claude_lens.spool.journal import Journal, folder, journals, new_name
from claude_lens.spool.ledger import Ledger, look
from claude_lens.spool.positions import Position
from tests.recorder.conftest import arrival, ending
from tests.recorder.playing import written


def entries(journal: Path) -> list[tuple[str, int, str]]:
    lines = journal.read_text().splitlines() if journal.exists() else []
    return [(told[0], int(told[1], 16), told[2]) for told in map(json.loads, lines)]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def feed_of(home: Path) -> Feed:
    made = Feed(recorder_command([]), home=home, limit=1 << 20, spool_limit=1 << 30, log=print)
    made.start()
    return made


def test_the_next_recorder_takes_in_what_is_left_the_oldest_first(journal: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    written(home, arrival(1), ending(1), arrival(2))
    written(home, arrival(3), ending(3))
    feed = feed_of(home)
    feed.put(arrival(4))
    feed.put(ending(4))
    until(lambda: look(home) == Ledger(4, 4, bytes=look(home).bytes))
    assert feed.close()
    assert entries(journal) == [
        ("arrived", 1, "running"),
        ("ended", 1, "ok"),
        ("arrived", 2, "running"),
        ("ended", 2, "interrupted"),
        ("arrived", 3, "running"),
        ("ended", 3, "ok"),
        ("arrived", 4, "running"),
        ("ended", 4, "ok"),
    ]
    assert journals(home) == []
    assert look(home) == Ledger(4, 4)


def test_it_goes_on_where_the_last_one_was(journal: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = written(home, arrival(1), arrival(2), ending(2), ending(1))
    lock = Path(f"{journal}.locked")
    first = subprocess.Popen(
        [sys.executable, "-m", "claude_lens.recorder", "--journal", str(source.journal.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdin
    assert first.stdout
    first.stdin.write(b"\2" + (2).to_bytes(8, "big") + bytes(8))
    first.stdin.flush()
    assert any(json.loads(line).get("committed") == 2 for line in iter(first.stdout.readline, b""))
    lock.touch()
    first.kill()
    first.communicate()
    lock.unlink()
    feed = feed_of(home)
    until(lambda: look(home).stored == 2)
    assert feed.close()
    assert [told[:2] for told in entries(journal)] == [
        ("arrived", 1),
        ("arrived", 2),
        ("ended", 2),
        ("ended", 1),
    ]


def test_a_journal_whose_proxy_lives_is_left_alone(journal: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first, second = feed_of(home), feed_of(home)
    shelf = Shelf(home, Journal(folder(home) / new_name()), frozenset({"journal"}))
    until(lambda: first.status()["sinks"] and second.status()["sinks"])
    assert not shelf.adopt()
    for number in range(10):
        for feed, offset in ((first, 0), (second, 100)):
            feed.put(arrival(number + offset))
            feed.put(ending(number + offset))
    assert first.close()
    assert second.close()
    assert len(set(entries(journal))) == len(entries(journal)) == 40
    assert look(home) == Ledger(20, 20)


def test_what_cannot_be_read_is_counted_as_lost(tmp_path: Path) -> None:
    home = tmp_path / "home"
    whole, torn = written(home, arrival(1), ending(1)), written(home, arrival(2), ending(2))
    (torn.journal.path / "key").unlink()
    shelf = Shelf(home, Journal(folder(home) / "9-own"), frozenset({"store"}))
    assert shelf.adopt()
    assert [source.journal for source in shelf.sources()] == [whole.journal]
    assert look(home) == Ledger(2, 0, 1, bytes=whole.journal.bytes())
    shelf.close()


def test_a_sink_that_is_gone_holds_up_nothing_but_the_store_does(tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = written(home, arrival(1))
    source.positions.open()
    source.positions.lanes = {"gone": Position(), "store": Position(), "mine": Position(seq=1, closed=True)}
    source.positions.save()
    source.positions.close()
    shelf = Shelf(home, Journal(folder(home) / "9-own"), frozenset({"mine"}))
    assert shelf.adopt()
    assert shelf.sources()[0].positions.lanes.keys() == {"store", "mine"}
    assert shelf.sources_done(["mine"]) == []
    shelf.sources()[0].positions.lanes["store"].closed = True
    assert len(shelf.sources_done(["mine"])) == 1
    assert shelf.sources_done([]) != shelf.sources_done(["mine", "other"])
    shelf.close()


def test_a_journal_that_was_removed_meanwhile_is_no_trouble(tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = written(home, arrival(1))
    shelf = Shelf(home, Journal(folder(home) / "9-own"), frozenset({"store"}))
    assert shelf.adopt()
    assert not shelf.adopt()
    shutil.rmtree(source.journal.path)
    shelf.close()
    assert shelf.sources() == []
