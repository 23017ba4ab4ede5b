from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import DataError

from claude_lens.errors import StoreError
from claude_lens.store import database
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.rows import Item
from claude_lens.store.writing.writer import Writer
from tests.store.conftest import Make, body_of, message_of


def test_all_of_a_batch_or_nothing(url: str, make: Make) -> None:
    writer = Writer(url)
    fine, broken = make(body_of("a"), message_of(0)), make(body_of("b"), message_of(0), http_status=2**80)

    with pytest.raises((OverflowError, DataError)):
        writer.write([Item(fine), Item(broken)])
    with Reader(url) as reader:
        assert reader.sessions() == []

    writer.write([Item(fine)])
    writer.close()
    with Reader(url) as reader:
        assert verify(reader).sound
        assert len(reader.exchanges("last")) == 1


def test_a_writer_opens_when_first_needed_and_again_after_closing(url: str, make: Make) -> None:
    writer = Writer(url)
    assert database.identity(writer.url) is None
    for _ in range(2):
        writer.write([Item(make(body_of("a"), message_of(0)))])
        writer.close()
    writer.close()

    with Reader(url) as reader:
        assert len(reader.exchanges("last")) == 2


@pytest.mark.sqlite
def test_a_replaced_file_is_noticed(url: str, tmp_path: Path, make: Make) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    for address, prompt in ((url, "mine"), (other, "other")):
        writer = Writer(address)
        writer.write([Item(make(body_of(prompt), message_of(0), session=prompt))])
        writer.close()
    writer = Writer(url)
    writer.write([Item(make(body_of("mine"), message_of(0), session="mine"))])
    file = database.file_of(database.parse(url))
    assert file
    for log in file.parent.glob("lens.db-*"):
        log.unlink()
    (tmp_path / "other.db").replace(file)

    writer.write([Item(make(body_of("mine"), message_of(0), session="mine"))])
    writer.close()

    with Reader(url) as reader:
        assert sorted((each["id"], each["exchanges"]) for each in reader.sessions()) == [
            ("mine", 1),
            ("other", 1),
        ]
        assert verify(reader).sound


def test_interrupting_touches_only_what_runs_in_that_worker(url: str, make: Make) -> None:
    writer = Writer(url)
    writer.write(
        [
            Item(make(body_of("a"), worker="x:1:1")),
            Item(make(body_of("b"), worker="y:1:1", at=time.time())),
            Item(make(body_of("c"), message_of(0), worker="x:1:1")),
        ]
    )

    assert writer.interrupt(["x:1:1"]) == 1
    writer.close()
    with Reader(url) as reader:
        found = sorted(each["status"] for each in reader.exchanges("last"))
    assert found == ["interrupted", "ok", "running"]


def test_writers_and_readers_at_once_fail_nowhere(url: str, make: Make) -> None:
    failures: list[BaseException] = []
    stop = threading.Event()
    made = {
        name: [
            make(body_of(*(f"{name}{i}" for i in range(turn))), message_of(turn), session=name)
            for turn in range(1, 40)
        ]
        for name in ("a", "b", "c")
    }

    def guarded(action: object) -> None:
        try:
            action()  # type: ignore[operator]
        except BaseException as error:
            failures.append(error)

    def write(name: str) -> None:
        writer = Writer(url)
        for exchange in made[name]:
            writer.write([Item(exchange)])
        writer.close()

    def read() -> None:
        with Reader(url) as reader:
            while not stop.is_set():
                for session in reader.sessions():
                    shown = reader.show(session["id"])
                    assert len(shown["exchanges"]) == shown["session"]["exchanges"]

    writers = [threading.Thread(target=guarded, args=(lambda name=name: write(name),)) for name in made]
    readers = [threading.Thread(target=guarded, args=(read,)) for _ in range(2)]
    for thread in writers + readers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()

    assert failures == []
    with Reader(url) as reader:
        assert verify(reader).sound
        assert {session["exchanges"] for session in reader.sessions()} == {39}


def test_an_address_that_cannot_be_opened_is_said(make: Make) -> None:
    with pytest.raises(StoreError):
        Writer("sqlite:////proc/nowhere/lens.db").write([Item(make(body_of("a")))])


def test_a_writer_killed_under_load_loses_nothing_it_had_written(url: str) -> None:
    code = (
        "import sys\n"
        "from benchmarks.conversation import Conversation\n"
        "from claude_lens.store.sink import StoreSink\n"
        "sink = StoreSink(sys.argv[1])\n"
        "for arrived, ended in Conversation().exchanges(100_000):\n"
        "    sink.arrived(arrived); sink.flush(); print('running', arrived.id, flush=True)\n"
        "    sink.ended(ended); sink.flush(); print('ok', ended.id, flush=True)\n"
    )
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True, cwd=root
    ) as killed:
        assert killed.stdout
        said = [killed.stdout.readline() for _ in range(60)]
        killed.kill()
        said += killed.stdout.readlines()

    known = {line.split()[1] for line in said if line.startswith("ok ")}
    with Reader(url) as reader:
        assert verify(reader).sound
        found = {each["id"]: each["status"] for each in reader.exchanges("last")}
    assert len(known) >= 30
    assert {found[name] for name in known} == {"ok"}
    assert set(found.values()) <= {"ok", "interrupted"}
