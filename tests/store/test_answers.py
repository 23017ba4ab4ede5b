from __future__ import annotations

from dataclasses import replace

import pytest

from claude_lens.store import answers, database
from claude_lens.store.answers import catch_up, exchange_mark, known, living, marks_of, note
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, message_of

LONG = "msg_01ABCDEFGHIJKLMNOPQR"


def test_ids_of_the_apis_own_stand_for_themselves() -> None:
    assert marks_of("a", LONG, None) == marks_of("b", LONG, None)
    assert marks_of("a", "msg_1", None) != marks_of("b", "msg_1", None)
    assert set(marks_of("a", "msg_1", "req_1")) & set(marks_of("b", "msg_1", "req_1"))
    assert set(marks_of("a", "msg_1", None, "now")) & set(marks_of("b", "msg_1", None, "now"))
    assert not set(marks_of("a", "msg_1", None, "now")) & set(marks_of("b", "msg_1", None, "then"))
    assert set(marks_of("a", LONG, "req_1")) & set(marks_of("a", None, "req_1"))
    assert marks_of("a", None, None) == marks_of("a", "", 5) == []


def test_catching_up_goes_on_where_it_was(
    url: str, sink: StoreSink, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_AT_ONCE", 2)
    told = [{**message_of(turn), "id": f"{LONG}{turn}"} for turn in range(6)]
    for turn in range(3):
        sink.ended(replace(make(body_of("x"), told[turn]), id=f"{turn}" * 32))
    runs = replace(make(body_of("runs")), id="d" * 32)
    sink.arrived(runs)
    sink.ended(replace(make(body_of("x"), told[4]), id="e" * 32))
    sink.flush()
    engine = database.open_writer(database.parse(url))

    def found() -> set[int]:
        with engine.connect() as connection:
            marks = [mark for one in told for mark in marks_of(None, one["id"], None)]
            return {marks.index(mark) for mark in known(connection, marks)}

    catch_up(engine)
    assert found() == {0, 1, 2, 4}
    sink.ended(replace(make(body_of("runs"), told[3]), id="d" * 32))
    sink.ended(replace(make(body_of("x"), told[5]), id="f" * 32))
    sink.flush()
    catch_up(engine)
    assert found() == {0, 1, 2, 3, 4, 5}
    with engine.begin() as connection:
        assert living(connection, [1, 2, 99]) == {1, 2}
        note(connection, [1], gone=True)
        assert known(connection, [exchange_mark("0" * 32)]) == {exchange_mark("0" * 32): 1}
    engine.dispose()
