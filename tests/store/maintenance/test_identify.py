"""A database of the version before is brought over: at once, in pieces, stopped and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from claude_lens.store import database
from claude_lens.store.maintenance import identify, upgrading
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.sink import StoreSink
from claude_lens.store.writing import identities
from tests.harness.processes import child_environment
from tests.harness.proxy import until
from tests.store.conftest import Make, ask, indexed
from tests.store.earlier import take_back
from tests.store.writing.test_identities import S, answer, body, check, conversation, prompt

WORDS = ("almond", "hazelnut", "pecan", "peanut", "chestnut", "changed")
TABLES = ("identities", "aliases", "occurrences")


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Whatever is written now is written as the version before did: each form for itself."""
    monkeypatch.setattr(identities.Identities, "meet", lambda self, fresh: None)
    return monkeypatch


def bring_over(url: str, shares: list[float]) -> None:
    """What ``lensctl upgrade`` does; ``shares`` is how far this step was."""

    def told(what: str, share: float) -> None:
        if what == "looking for messages in other forms":
            shares.append(share)

    upgrading.bring_over(url, told)


def as_before(url: str) -> None:
    """Make the database one of the version before."""
    take_back(url, "0004")


def bodies(reader: Reader) -> list[Any]:
    return [reader.bodies(one["id"]) for one in reader.exchanges(S)]


def test_what_stood_twice_stands_once(
    url: str, sink: StoreSink, reader: Reader, make: Make, before: pytest.MonkeyPatch
) -> None:
    for one in conversation(make):
        sink.ended(one)
    sink.close()
    with Reader(url) as opened:
        sent = bodies(opened)
    assert len(indexed(url, *WORDS)) == 7
    before.undo()
    as_before(url)

    check(url, reader)

    assert bodies(reader) == sent
    assert verify(reader).sound
    assert ask(url, "SELECT * FROM meta WHERE key = 'identifying'") == []


def test_it_comes_out_as_if_it_had_been_written_today(
    url: str, sink: StoreSink, reader: Reader, make: Make, before: pytest.MonkeyPatch
) -> None:
    sent = [*conversation(make), *conversation(make, session="fork")]
    for one in sent:
        sink.ended(one)
    sink.close()
    before.undo()
    as_before(url)
    with Reader(url) as opened, opened.connect() as connection:
        assert not identify.left(connection)
    brought = {name: sorted(ask(url, f"SELECT * FROM {name}")) for name in TABLES}

    engine = database.open_writer(database.parse(url))
    with engine.begin() as connection:
        from claude_lens.store.maintenance.rebuild import rebuild

        rebuild(connection)
    engine.dispose()
    assert {name: sorted(ask(url, f"SELECT * FROM {name}")) for name in TABLES} == brought


def large(url: str, make: Make, turns: int) -> None:
    """A session of so many turns, each with a call that comes back in another form."""
    sink = StoreSink(url)
    sent: list[Any] = []
    for turn in range(turns):
        arguments = {"file_path": f"/file{turn}", "old_string": f"before{turn}", "new_string": f"after{turn}"}
        told = answer(arguments, f"answer{turn}", f"toolu_01{turn:022}")
        sink.ended(make(body(*sent[-20:], prompt(f"prompt{turn}", True)), {"id": f"{turn}", **told}))
        sent += [
            prompt(f"prompt{turn}"),
            answer({"replace_all": False, **arguments}, f"answer{turn}", f"toolu_01{turn:022}"),
        ]
    sink.close()


def found(reader: Reader, *numbers: int) -> list[int]:
    with reader.connect() as connection:
        words = [f"{name}{number}" for number in numbers for name in ("prompt", "answer", "after")]
        return [len(search(connection, parse(word))) for word in words]


def test_it_is_killed_and_goes_on(url: str, reader: Reader, make: Make, before: pytest.MonkeyPatch) -> None:
    large(url, make, 40)
    before.undo()
    as_before(url)
    before.setattr(identify, "FEW", 0)
    database.open_writer(database.parse(url)).dispose()
    top = ask(url, "SELECT max(id) FROM contents")[0][0]
    assert ask(url, "SELECT value FROM meta WHERE key = 'identifying'") == [(f"0/{top}",)]
    assert found(reader, 30) == [2, 2, 2]

    # Killed between two of its transactions, as it may be at any moment: what is not committed never was.
    code = (
        "import sys, time\n"
        "from claude_lens.store.maintenance import upgrading, upkeep\n"
        "upkeep._FIRST_CHUNK = 40\n"
        "upkeep.in_chunks.__kwdefaults__['first'] = 40\n"
        "seen = []\n"
        "def told(what, share):\n"
        "    seen.append(share)\n"
        "    if share > 0:\n"
        "        print(share, flush=True); time.sleep(60)\n"
        "upgrading.bring_over(sys.argv[1], told)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, url],
        stdout=subprocess.PIPE,
        env=child_environment(HOME=os.environ["HOME"]),
    )
    assert child.stdout is not None
    assert 0 < float(child.stdout.readline()) < 1
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    ((told,),) = ask(url, "SELECT value FROM meta WHERE key = 'identifying'")
    assert 0 < int(told.partition("/")[0]) < top

    # What comes meanwhile is taken for what it is, and to the rest.
    sink = StoreSink(url)
    sink.ended(make(body(prompt("prompt39"), prompt("later", True)), {"id": "x", **answer({}, "last")}))
    sink.close()
    shares: list[float] = []
    bring_over(url, shares)

    assert shares[0] == pytest.approx(int(told.partition("/")[0]) / top)
    assert shares[-1] == 1.0
    assert found(reader, 0, 30, 39) == [1] * 9
    assert verify(reader).sound
    assert len(indexed(url, "prompt39", "answer39")) == 2
    assert upgrading.bring_over(url).looked_through == 0


def test_the_recorder_does_it_by_itself(
    url: str, make: Make, before: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from claude_lens.settings import load
    from claude_lens.store.sink import open_sink

    large(url, make, 20)
    before.undo()
    as_before(url)
    monkeypatch.setattr(identify, "FEW", 0)
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path))
    monkeypatch.setenv("CLAUDE_LENS_DATABASE_URL", url)
    sink = open_sink(load())
    sink.idle()
    sink.ended(make(body(prompt("while it runs", True)), {"id": "y", **answer({}, "hazel")}))
    sink.flush()
    until(
        lambda: ask(url, "SELECT * FROM meta WHERE key = 'identifying'") == [], 60, lambda: "not brought over"
    )
    sink.close()
    with Reader(url) as reader:
        assert found(reader, 7) == [1, 1, 1]
        with reader.connect() as connection:
            assert [hit["session_id"] for hit in search(connection, parse("while"))] == [S]


def test_time_grows_with_the_size_and_memory_does_not(
    new_url: Any, make: Make, before: pytest.MonkeyPatch
) -> None:
    import tracemalloc

    took, peaks = [], []
    urls = [new_url(name) for name in ("small", "large")]
    for url, turns in zip(urls, (25, 100), strict=True):
        large(url, make, turns)
    before.undo()
    for url in urls:
        as_before(url)
        before.setattr(identify, "FEW", 0)
        database.open_writer(database.parse(url)).dispose()
        tracemalloc.start()
        start = time.process_time()
        upgrading.bring_over(url)
        took.append(time.process_time() - start)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert took[1] < took[0] * 4 * 2.5, took
    assert peaks[1] < peaks[0] * 2.5, peaks


def test_several_at_it_do_it_once(url: str, make: Make, reader: Reader, before: pytest.MonkeyPatch) -> None:
    large(url, make, 30)
    before.undo()
    as_before(url)
    before.setattr(identify, "FEW", 0)
    engine = database.open_writer(database.parse(url))
    with engine.begin() as connection:
        keys = identify.left(connection)
        identify._look_through(connection, keys[:50])
        identify._look_through(connection, keys[:50])
        identify._look_through(connection, keys[20:])
        identify._look_through(connection, keys)
    engine.dispose()
    assert found(reader, 0, 15, 29) == [1] * 9
    assert verify(reader).sound
