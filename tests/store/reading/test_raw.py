from __future__ import annotations

from dataclasses import replace

import pytest

from claude_lens.errors import NotFound, StoreError
from claude_lens.exchange import Exchange, Response
from claude_lens.redact import Redactor
from claude_lens.store import streams
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.raw import Raw, raw
from claude_lens.store.sink import StoreSink
from claude_lens.wire import sse
from tests.redact.samples import SAMPLES
from tests.store.conftest import ANSWER_HEADERS, Make, body_of, change, message_of


def kept(reader: Reader, one: Exchange) -> Raw:
    with reader.connect() as connection:
        return raw(connection, one.id)


def put(sink: StoreSink, *some: Exchange) -> None:
    for one in some:
        sink.ended(one)
    sink.flush()


def test_the_bytes_come_back(sink: StoreSink, reader: Reader, make: Make) -> None:
    one, two = make(body_of("a"), message_of(0)), make(body_of("a", "b"), message_of(1))
    sink.arrived(make(body_of("a"), id=one.id))
    sink.flush()
    put(sink, one, two)

    for each in (one, two):
        assert each.response is not None
        assert kept(reader, each) == Raw(each.response.body)
    assert verify(reader).streams == 2


@pytest.mark.parametrize("status", ["cancelled", "error", "interrupted"])
def test_a_cut_stream_is_kept_as_far_as_it_came(
    sink: StoreSink, reader: Reader, make: Make, status: str
) -> None:
    whole = make(body_of("a"), message_of(0), status=status)
    assert whole.response is not None
    for length in (len(whole.response.body) // 2, 300, 30):
        body = whole.response.body[:length]
        cut = replace(whole, id=f"{length:032x}", response=replace(whole.response, body=body, json=None))
        message = sse.fold(body).message
        if message is not None and cut.response is not None:
            cut = replace(cut, response=replace(cut.response, json=message))
        put(sink, cut)
        assert kept(reader, cut) == Raw(body)
    assert verify(reader).sound


def test_what_is_stored_again_has_its_newest_stream(sink: StoreSink, reader: Reader, make: Make) -> None:
    one = make(body_of("a"), message_of(0))
    put(sink, one)
    again = make(body_of("a"), message_of(1), id=one.id)
    put(sink, again)
    assert again.response is not None
    assert kept(reader, again) == Raw(again.response.body)

    put(sink, replace(one, status="interrupted", response=None))
    assert kept(reader, one) == Raw(None, "nothing was answered")


def test_why_there_is_none(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    answer = Response(headers=(("content-type", "application/json"),), body=b'{"input_tokens": 3}', json={})
    huge = Response(headers=ANSWER_HEADERS, body=b"data: " + b"x" * streams.LIMIT, json={"type": "message"})
    plain = make(body_of("a"), {"input_tokens": 3}, response=answer)
    large = make(body_of("a"), message_of(0), response=huge)
    put(sink, plain, large)
    running = make(body_of("a"))
    sink.arrived(running)
    sink.flush()
    assert kept(reader, running) == Raw(None, "the answer is still running")
    without, bare = make(body_of("a"), message_of(0)), make(body_of("a"), message_of(0))
    for other, one in ((StoreSink(url, streams=False), without), (StoreSink(url, bodies=False), bare)):
        put(other, one)
        other.close()

    assert kept(reader, plain) == Raw(None, "the answer was no event stream")
    assert kept(reader, large) == Raw(None, "it was larger than 8 MB")
    assert "CLAUDE_LENS_STREAMS was off" in kept(reader, without).why
    assert kept(reader, bare) == Raw(None, "no bodies are kept of it")
    with pytest.raises(NotFound):
        kept(reader, make(body_of("never stored")))


def test_a_stream_that_stands_for_nothing_is_there_once(sink: StoreSink, reader: Reader, make: Make) -> None:
    odd = Response(headers=ANSWER_HEADERS, body=b": only a comment\n\n", json=None)
    one = make(body_of("a"), message_of(0), response=odd)
    secret = SAMPLES[20][1]
    told = Response(headers=ANSWER_HEADERS, body=b": " + secret.encode() + b"\n\n", json=None)
    dirty = Redactor().exchange(make(body_of("a"), message_of(0), response=told))
    put(sink, one, dirty)

    assert kept(reader, one) == Raw(odd.body)
    assert "looks like a secret" in kept(reader, dirty).why
    assert verify(reader).streams == 0


def test_damage_is_said(url: str, sink: StoreSink, reader: Reader, make: Make) -> None:
    one = make(body_of("a"), message_of(0))
    put(sink, one)
    change(url, "UPDATE streams SET data = :data", data=b"\0")

    with pytest.raises(StoreError, match="lensctl verify"):
        kept(reader, one)
