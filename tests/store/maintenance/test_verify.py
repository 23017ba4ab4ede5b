from __future__ import annotations

import pytest

from claude_lens.store.maintenance.verify import Report, verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from tests.store.conftest import Make, body_of, change, message_of
from tests.store.writing.test_identities import conversation


@pytest.fixture
def filled(sink: StoreSink, make: Make) -> StoreSink:
    """Three turns, and a body that is no JSON."""
    for turn in range(1, 4):
        sink.ended(make(body_of(*"abc"[:turn]), message_of(turn - 1)))
    sink.ended(make(None, {"error": {}}, raw=b"not json, not json, not json"))
    sink.flush()
    return sink


def test_a_sound_database_is_sound(filled: StoreSink, reader: Reader) -> None:
    report = verify(reader)

    assert report.sound
    assert report.exchanges == 4
    assert report.contents > 10
    assert report.nodes == 2 + 3 + 5
    assert report.streams == 3


def test_nothing_recorded_is_sound(reader: Reader) -> None:
    assert verify(reader) == Report()


def test_forms_of_what_is_not_there(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    for one in conversation(make):
        sink.ended(one)
    sink.flush()
    assert verify(reader).sound
    change(url, "INSERT INTO aliases (content, same) SELECT same, 999 FROM aliases LIMIT 1")
    missing, chained = sorted(verify(reader).damage, key=len, reverse=True)
    assert "is another form of" in missing
    assert "is missing" in chained


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE contents SET data = :zeros WHERE id = 3", "content 3: "),
        ("UPDATE contents SET codec = 77 WHERE id = 3", "content 3: content of unknown codec 77"),
        ("UPDATE contents SET digest = :zeros WHERE id = 3", "content 3: does not match its digest"),
        ("UPDATE contents SET size = size + 1 WHERE id = 3", "content 3: does not match its digest"),
        ("DELETE FROM contents WHERE id = (SELECT max(params) FROM payloads)", "content is missing"),
        ("DELETE FROM nodes WHERE id = 1", "its parent or content is missing"),
        ("UPDATE nodes SET content_id = 1 WHERE id = 3", "its request is not what was sent"),
        ("UPDATE payloads SET messages = 1 WHERE exchange = 1", "its request is not what was sent"),
        ("UPDATE payloads SET shape = NULL WHERE exchange = 2", "its request is not what was sent"),
        ("UPDATE payloads SET shape = :empty WHERE exchange = 2", "its request is not what was sent"),
        ("UPDATE payloads SET response_rest = :broken WHERE exchange = 1", "response_rest: damaged"),
        ("UPDATE payloads SET request_headers = :empty WHERE exchange = 1", "request_headers: empty"),
        ("UPDATE streams SET data = :zeros WHERE exchange = 2", "its stream: damaged"),
        ("UPDATE streams SET codec = 77 WHERE exchange = 2", "its stream: stream of unknown codec 77"),
        ("UPDATE streams SET size = size + 1 WHERE exchange = 2", "its stream: its size is another"),
        ("UPDATE streams SET exchange = 99 WHERE exchange = 2", "stream 99: its exchange is missing"),
        ("UPDATE exchanges SET endpoint = '/v1/chat/completions' WHERE id = 2", "for another message"),
    ],
)
def test_damage_is_found_and_named(
    url: str, filled: StoreSink, reader: Reader, damage: str, said: str
) -> None:
    values = {"zeros": b"\0" * 16, "empty": b"", "broken": b"\2\xff\xff"}
    given = {name: value for name, value in values.items() if f":{name}" in damage}
    assert change(url, damage, **given) == 1

    report = verify(reader)

    assert not report.sound
    assert any(said in problem for problem in report.damage), report.damage
