from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.conversation import Conversation
from claude_lens.errors import UserError
from claude_lens.exchange import Exchange
from claude_lens.redact import Redactor
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.raw import raw
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.exporting import jsonl
from claude_lens.store.transfer.importing import read_lines, store
from claude_lens.store.writing import tagging
from tests.redact.samples import SAMPLES
from tests.store.conftest import Make, NewUrl, ask, body_of, message_of
from tests.store.transfer.earlier_exports import lines_of_version_1
from tests.store.transfer.test_exporting import SESSION, fill


def streams_by_id(reader: Reader) -> dict[str, bytes | None]:
    with reader.connect() as connection:
        return {one["id"]: raw(connection, one["id"]).body for one in reader.exchanges(SESSION)}


def test_an_export_comes_back_equal(sink: StoreSink, reader: Reader, make: Make, new_url: NewUrl) -> None:
    fill(sink, make)
    lines = list(jsonl(reader, SESSION))
    url = new_url("new")
    done = store(url, read_lines(lines, "x"))
    assert (done.read, done.new) == (4, 4)
    assert store(url, read_lines(lines, "x")).new == 0

    with Reader(url) as other:
        again = list(jsonl(other, SESSION))
        assert verify(other).sound
        mine, theirs = reader.show(SESSION), other.show(SESSION)
        assert streams_by_id(reader) == streams_by_id(other)
    # What still ran has been interrupted.
    assert again[:-1] == lines[:-1]
    assert json.loads(again[-1])["status"] == "interrupted"
    assert mine["exchanges"][:3] == theirs["exchanges"][:3]
    assert [one["cost_usd"] for one in mine["agents"]] == [one["cost_usd"] for one in theirs["agents"]]


def test_secrets_of_others_stay_outside(sink: StoreSink, reader: Reader, make: Make, new_url: NewUrl) -> None:
    secret = SAMPLES[20][1]
    sink.ended(make(body_of(secret), message_of(0)))
    sink.flush()
    url = new_url("new")
    store(url, read_lines(jsonl(reader, SESSION), "x"), redactor=Redactor())
    with Reader(url) as other:
        assert secret not in repr(other.show(SESSION))


@pytest.mark.parametrize(
    "lines",
    [
        [b"no json"],
        [b"{}"],
        [b'{"claude-lens": 3}'],
        [b'{"claude-lens": 2}', b'{"step": 1, "after": 0, "content": 1}'],
        [b'{"claude-lens": 2}', b'{"content": 1, "json": {}}', b'{"step": 2, "after": 1, "content": 1}'],
        [b'{"claude-lens": 2}', b'{"content": 1}'],
        [b'{"claude-lens": 2}', b'{"status": "ok"}'],
        [b'{"claude-lens": 1}', b"{}"],
        [b'{"claude-lens": 1}', b"", b"[]"],
        [b'{"claude-lens": 1}', b'{"status": "odd"}'],
    ],
)
def test_what_is_no_export_is_named(lines: list[bytes]) -> None:
    with pytest.raises(UserError, match=rf"file:{len(lines)}: "):
        list(read_lines(lines, "file"))


def test_without_bodies(sink: StoreSink, reader: Reader, make: Make, new_url: NewUrl) -> None:
    fill(sink, make)
    url = new_url("new")
    store(url, read_lines(jsonl(reader, SESSION), "x"), bodies=False)
    with Reader(url) as other:
        assert other.rebuild("last") is None
        assert other.session(SESSION)["exchanges"] == 4


def test_streams_come_along_and_may_stay_behind(
    sink: StoreSink, reader: Reader, make: Make, new_url: NewUrl
) -> None:
    one = make(body_of("a"), message_of(0))
    assert one.response is not None
    odd = replace(one, id="f" * 32, response=replace(one.response, body=one.response.body + b": \xff\n\n"))
    sink.ended(one)
    sink.ended(odd)
    sink.flush()
    lines = list(jsonl(reader, SESSION))
    for name, streams in (("with", True), ("without", False)):
        url = new_url(name)
        store(url, read_lines(lines, "x"), streams=streams)
        with Reader(url) as other:
            assert streams_by_id(other) == {
                each.id: each.response.body if streams and each.response else None for each in (one, odd)
            }
            assert verify(other).sound


def test_a_stream_with_a_secret_does_not_come_in(
    sink: StoreSink, reader: Reader, make: Make, new_url: NewUrl
) -> None:
    answer = message_of(0)
    answer["content"][0]["text"] = SAMPLES[20][1]
    sink.ended(make(body_of("a"), answer))
    sink.flush()
    url = new_url("new")
    store(url, read_lines(jsonl(reader, SESSION), "x"), redactor=Redactor())
    with Reader(url) as other:
        assert set(streams_by_id(other).values()) == {None}
        assert verify(other).sound


def test_an_export_of_before_comes_in_without_streams(
    sink: StoreSink, reader: Reader, make: Make, new_url: NewUrl
) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    head, line = (json.loads(line) for line in lines_of_version_1(reader, SESSION))
    del head["tags"], line["response"]["stream"]
    url = new_url("new")
    tags: dict[str, list[str]] = {}
    assert store(url, read_lines([json.dumps(one).encode() for one in (head, line)], "x", tags)).new == 1
    assert tags == {}
    with Reader(url) as other:
        assert set(streams_by_id(other).values()) == {None}
        assert other.show(SESSION)["exchanges"] == reader.show(SESSION)["exchanges"]
        assert verify(other).sound


def test_version_1_is_read(sink: StoreSink, reader: Reader, make: Make, new_url: NewUrl) -> None:
    fill(sink, make)
    url = new_url("new")
    assert store(url, read_lines(lines_of_version_1(reader, SESSION), "x")).new == 4
    with Reader(url) as other:
        assert list(jsonl(other, SESSION))[:-1] == list(jsonl(reader, SESSION))[:-1]
        assert streams_by_id(reader) == streams_by_id(other)
        assert verify(other).sound


def test_a_long_session_is_small_and_comes_back_as_the_same_file(url: str, new_url: NewUrl) -> None:
    """The size of one of a thousand turns: ``python -m benchmarks.exports``."""
    written = StoreSink(url)
    for arrived, ended in Conversation(thinking=300).exchanges(60):
        written.arrived(arrived)
        written.ended(ended)
    written.close()
    other = new_url("other")
    with Reader(url) as reader, Reader(other) as again:
        lines = list(jsonl(reader, "last"))
        kept = ask(url, "SELECT sum(length(data)) FROM contents")[0][0]
        assert sum(map(len, lines)) < 6 * kept
        assert store(other, read_lines(lines, "x")).new == 60
        assert list(jsonl(again, "last")) == lines
        assert verify(again).sound


def test_tags_come_along(url: str, sink: StoreSink, reader: Reader, make: Make, new_url: NewUrl) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()
    tagging.change(url, SESSION, add=["Bug", "to do"])
    lines = list(jsonl(reader, SESSION))
    new = new_url("new")
    for _ in range(2):
        tags: dict[str, list[str]] = {}
        store(new, read_lines(lines, "x", tags), tags=tags)
    with Reader(new) as other:
        assert other.session(SESSION)["tags"] == ["Bug", "to do"]
    with pytest.raises(UserError, match="file:1: "):
        list(read_lines([b'{"claude-lens": 1, "session": "x", "tags": ["\\n"]}'], "file", {}))
    store(new, [], tags={"never recorded": ["x"]})


def test_large_requests_do_not_wait_for_many(url: str, reader: Reader, make: Make) -> None:
    """A late request of a long session has megabytes: what was read is written before more is."""
    written: list[int] = []

    def found() -> Iterator[Exchange]:
        for number in range(3):
            if number == 2:
                written.append(len(reader.exchanges("11111111-aaaa")))
            yield make(body_of("x" * 9_000_000), message_of(number))

    assert store(url, found()).new == 3
    assert written == [2]
