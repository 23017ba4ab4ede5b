from __future__ import annotations

import json
import uuid
from base64 import b64encode
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from claude_lens.errors import StoreError
from claude_lens.exchange import Response
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.wire.parse import parse_object
from tests.store.conftest import ANSWER_HEADERS, HEADERS, Make, body_of, change, message_of
from tests.store.test_chain import BODIES


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=60,
)
@given(BODIES)
def test_any_body_comes_back_from_disk(
    sink: StoreSink, reader: Reader, make: Make, body: dict[str, Any]
) -> None:
    exchange = make(body, id=uuid.uuid4().hex, raw=json.dumps(body).encode())
    sink.arrived(exchange)
    sink.flush()

    assert json.dumps(reader.rebuild(exchange.id)) == json.dumps(body)


@pytest.mark.parametrize(
    "sent",
    [
        b'{"messages":[{"role":"user","content":"\\ud800 alone"}],"system":"\\udfff"}',
        b'{"messages":[{"role":"user","content":"\xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80"}]}',
        b'{"n":123456789012345678901234567890,"f":1.0,"e":1e-7,"z":-0.0,"messages":[12345678901234567890123]}',
        b'{"messages":[null,5,"text",[],{},[{"cache_control":1}]],"tools":[true]}',
        b'{"cache_control":{"type":"ephemeral"},"messages":[{"cache_control":null,"content":[{"content":[{"cache_control":{"a":1},"z":2}]}]}]}',
        b"{}",
    ],
)
def test_unusual_json_comes_back(sink: StoreSink, reader: Reader, make: Make, sent: bytes) -> None:
    sink.arrived(make(parse_object(sent), raw=sent))
    sink.flush()

    assert repr(reader.rebuild("last")) == repr(json.loads(sent))
    assert verify(reader).sound


@pytest.mark.parametrize("sent", [b"", b"[1, 2]", b"not json", b"\xff\x00\xfe", b'{"cut":'])
def test_what_is_no_object_comes_back_as_bytes(
    sink: StoreSink, reader: Reader, make: Make, sent: bytes
) -> None:
    sink.arrived(make(None, raw=sent))
    sink.flush()

    assert reader.rebuild("last") == sent
    assert verify(reader).sound


def test_ten_megabytes_come_back(sink: StoreSink, reader: Reader, make: Make) -> None:
    image = b64encode(bytes(range(256)) * 30_000).decode()
    body = body_of("look")
    body["messages"][0]["content"].append(
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image}}
    )
    sent = orjson.dumps(body)
    assert len(sent) > 10_000_000
    sink.arrived(make(body, raw=sent))
    sink.flush()

    assert orjson.dumps(reader.rebuild("last")) == sent


def test_both_halves_come_back_as_they_were(sink: StoreSink, reader: Reader, make: Make) -> None:
    sink.ended(make(body_of("a"), message_of(0)))
    sink.flush()

    bodies = reader.bodies("last")

    assert bodies is not None
    assert bodies.query == "beta=true"
    assert bodies.request_headers == [list(pair) for pair in HEADERS]
    assert bodies.response_headers == [list(pair) for pair in ANSWER_HEADERS]
    assert bodies.response == message_of(0)


def test_a_cut_stream_comes_back_as_it_was(sink: StoreSink, reader: Reader, make: Make) -> None:
    cut = Response(headers=ANSWER_HEADERS, body=b"event: message_start\ndata: {", json=None)
    sink.ended(make(body_of("a"), message_of(0), status="error", response=cut))
    sink.flush()

    bodies = reader.bodies("last")
    assert bodies is not None
    assert bodies.response == cut.body


def test_a_whole_session_is_read_with_a_few_statements(sink: StoreSink, reader: Reader, make: Make) -> None:
    from sqlalchemy import event

    prompts = [f"p{index}" for index in range(100)]
    sent = [body_of(*prompts[:turn]) for turn in range(1, 101)]
    for index, body in enumerate(sent):
        sink.ended(make(body, message_of(index)))
    sink.flush()
    reader.sessions()
    seen: list[str] = []
    with reader.connect() as connection:
        event.listen(connection.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    shown = reader.show("last")

    assert [each["request"]["body"] for each in shown["exchanges"]] == sent
    assert len(seen) < 16


def test_marks_of_one_exchange_do_not_show_in_another(sink: StoreSink, reader: Reader, make: Make) -> None:
    bodies = [body_of("a", "b"), body_of("a", "b", "c")]
    for body in bodies:
        sink.arrived(make(body))
    sink.flush()

    assert [each["request"]["body"] for each in reader.show("last")["exchanges"]] == bodies


@pytest.mark.parametrize(
    "damage",
    ["UPDATE contents SET data = :broken", "DELETE FROM contents", "UPDATE payloads SET shape = :odd"],
)
def test_damage_is_said(url: str, sink: StoreSink, reader: Reader, make: Make, damage: str) -> None:
    sink.arrived(make(body_of("a" * 100)))
    sink.flush()
    values = {"broken": b"\0", "odd": b"\1\xff"}
    change(url, damage, **{name: value for name, value in values.items() if f":{name}" in damage})

    with pytest.raises(StoreError, match=r"damaged.*lensctl verify"):
        reader.rebuild("last")
    assert reader.exchanges("last")
