from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from claude_lens.redact import Redactor
from claude_lens.store.maintenance.retention import prune
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import totals
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer import appending
from claude_lens.store.transfer.appending import Appended, Appender
from claude_lens.store.transfer.sayings import Saying, Sayings
from claude_lens.store.transfer.transcripts import files, in_order
from tests.redact.samples import SAMPLES
from tests.store.conftest import Make, body_of, message_of
from tests.store.transfer.test_transcripts import answer, line, write_session


def append(url: str, found: Sequence[Path], **options: Any) -> Appended:
    """Import these transcripts; none may have a fault."""
    done = Appended()
    with Appender(url, **options) as appender:
        for file in found:
            faults: list[str] = []
            done.add(appender.take(file, faults.append))
            assert faults == []
    return done


def talk(file: Path, first: int, last: int, session: str = "sess-1", **more: Any) -> None:
    """Turns with unique ids, each an answer."""
    lines = []
    for turn in range(first, last):
        user = {"role": "user", "content": f"prompt {turn}"}
        block = {"type": "text", "text": f"answer {turn} {SAMPLES[20][1]}"}
        above = f"a{turn - 1}" if turn else None
        ids = {"sessionId": session, "requestId": f"req_011CQ{turn:020}", **more}
        lines.append(line(f"u{turn}", above, turn, user, **ids))
        lines.append(line(f"a{turn}", f"u{turn}", turn, answer(f"msg_01AB{turn:020}", block), **ids))
    with file.open("a") as stream:
        stream.write("\n".join(lines) + "\n")


def written(folder: Path) -> list[Path]:
    write_session(folder / "x")
    for file in files(folder):
        file.write_text(file.read_text().replace("not json\n", ""))
    return files(folder)


def test_nothing_comes_twice(tmp_path: Path, url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    found = written(tmp_path)
    by_request = make(body_of("a"), message_of(0), session="sess-1", request_id="req_1")
    by_message = make(body_of("b"), {**message_of(1), "id": "msg_3"}, session="sess-1", request_id=None)
    sink.ended(by_request)
    sink.ended(by_message)
    sink.flush()
    assert append(url, found) == Appended(read=3, new=1)
    assert append(url, found) == Appended(read=3, new=0)
    assert {one["request_id"] for one in reader.exchanges("sess-1")} == {"req_1", "req_2", None}


def test_what_has_not_changed_is_not_opened(tmp_path: Path, url: str) -> None:
    found = written(tmp_path)
    append(url, found)
    with Appender(url) as appender:
        assert appender.unchanged(found) == dict(zip(found, [2, 1], strict=True))
        found[0].write_text(found[0].read_text() + "\n")
        assert list(appender.unchanged(found)) == [found[1]]
        faults: list[str] = []
        found[0].write_text(found[0].read_text() + "not json\n")
        appender.take(found[0], faults.append)
        assert len(faults) == 1
        # A file with a fault is looked at again, so that it is told again.
        assert list(appender.unchanged(found)) == [found[1]]
        appender.take(tmp_path / "missing.jsonl", faults.append)
        assert faults[-1].endswith("missing.jsonl: No such file or directory")


def test_a_file_that_grew_gives_what_a_whole_one_does(
    tmp_path: Path, url: str, reader: Reader, new_url: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "_BATCH", 4)
    file = tmp_path / "one.jsonl"
    talk(file, 0, 15)
    assert append(url, [file], redactor=Redactor()).new == 15
    talk(file, 15, 20)
    read: list[Saying] = []
    kept = Sayings.digest

    def noted(self: Sayings, one: Saying) -> bytes:
        read.append(one)
        return kept(self, one)

    monkeypatch.setattr(Sayings, "digest", noted)
    assert append(url, [file], redactor=Redactor()) == Appended(read=20, new=5)
    # Two messages a turn, and the answer before the first of them.
    assert len(read) <= 12
    whole = new_url("whole")
    append(whole, [file], redactor=Redactor())
    with Reader(whole) as other:
        assert verify(other).sound
        assert verify(reader).sound
        for one in (reader, other):
            assert SAMPLES[20][1] not in repr(one.rebuild("last"))
        assert reader.rebuild("last") == other.rebuild("last")
        assert reader.show("sess-1") == other.show("sess-1")


@pytest.mark.parametrize("told", [True, False])
def test_history_that_a_fork_copied_counts_where_it_was_made(
    told: bool, tmp_path: Path, url: str, reader: Reader
) -> None:
    first, fork = tmp_path / "first.jsonl", tmp_path / "fork.jsonl"
    talk(first, 0, 3)
    talk(fork, 0, 3, "fork", **({"requestSessionId": "sess-1"} if told else {}))
    talk(fork, 3, 4, "fork")
    append(url, [fork, first] if told else in_order([first, fork]))
    counts = {one["id"]: one["exchanges"] for one in reader.sessions()}
    assert counts == {"sess-1": 3, "fork": 1}
    (one,) = reader.exchanges("fork")
    assert len((reader.rebuild(one["id"]) or {})["messages"]) == 7


def test_the_fork_of_a_recorded_session(
    tmp_path: Path, url: str, sink: StoreSink, reader: Reader, make: Make
) -> None:
    for turn in range(2):
        told = {**message_of(turn), "id": f"msg_01AB{turn:020}"}
        one = make(body_of(f"p{turn}"), told, session="recorded", request_id=None)
        sink.ended(replace(one, id=f"{turn}" * 32))
    sink.flush()
    fork = tmp_path / "fork.jsonl"
    talk(fork, 0, 3, "fork")
    assert append(url, [fork]) == Appended(read=3, new=1)
    assert append(url, [fork]) == Appended(read=3, new=0)


def test_local_models_count_from_one(tmp_path: Path, url: str) -> None:
    for name in ("one", "two"):
        file = tmp_path / f"{name}.jsonl"
        block = {"type": "text", "text": f"I am {name}"}
        at = 2 if name == "one" else 3
        file.write_text(
            line("u1", None, 1, {"role": "user", "content": "who?"}, sessionId=name)
            + "\n"
            + line(f"a{name}", "u1", at, answer("msg_1", block), sessionId=name)
            + "\n"
        )
    found = sorted(tmp_path.glob("*.jsonl"))
    assert append(url, found).new == 2
    assert append(url, found).new == 0


@pytest.mark.parametrize("recorded", [True, False])
def test_what_was_pruned_does_not_come_back(
    recorded: bool, tmp_path: Path, url: str, sink: StoreSink, make: Make
) -> None:
    file = tmp_path / "one.jsonl"
    talk(file, 0, 2)
    if recorded:
        for turn in range(2):
            told = {**message_of(turn), "id": f"msg_01AB{turn:020}"}
            sink.ended(make(body_of(f"p{turn}"), told, session="sess-1", request_id=None))
        sink.flush()
    else:
        append(url, [file])
    prune(url, session="sess-1")
    talk(file, 2, 3)
    assert append(url, [file]) == Appended(read=3, new=1, gone=2)
    with Reader(url) as reader:
        assert len(reader.exchanges("sess-1")) == 1
        with reader.connect() as connection:
            assert connection.execute(select(func.sum(totals.c.requests))).scalar() == 3


def test_answers_that_nobody_named(tmp_path: Path, url: str) -> None:
    file = tmp_path / "one.jsonl"
    said = {**answer("x", {"type": "text", "text": "hello"}), "id": None}
    file.write_text(json.dumps(json.loads(line("a1", None, 1, said))) + "\n")
    assert append(url, [file]).new == 1
    assert append(url, [file]).new == 0


def test_what_may_be_on_its_way_is_left_for_the_next_time(tmp_path: Path, url: str) -> None:
    file = tmp_path / "one.jsonl"
    talk(file, 0, 4)
    moment = datetime.fromisoformat("2026-01-31T09:30:02Z").timestamp()
    assert append(url, [file], until=moment) == Appended(read=2, new=2, held=2)
    with Appender(url) as appender:
        assert appender.unchanged([file]) == {}
    assert append(url, [file]) == Appended(read=4, new=2)
