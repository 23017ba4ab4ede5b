from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.conversation import Conversation
from benchmarks.streams import stream_of
from claude_lens.exact import dump
from claude_lens.exchange import GONE, Response
from claude_lens.store import streams
from tests.store.conftest import message_of

MESSAGE: dict[str, Any] = {
    **message_of(0),
    "content": [
        {"type": "thinking", "thinking": 'Let me look at "this" first.\n\n' * 9, "signature": "EqQB" * 90},
        {"type": "text", "text": "I will read é 日本 \U0001f600 it. " * 20},
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": 'echo "a\\nb"'}},
    ],
}
BODY = stream_of(MESSAGE)
CHAT = b"".join(
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":'
    b'{"content":"%s"},"finish_reason":null}]}\n\n' % (b"word%d " % number)
    for number in range(200)
)
ODD = [
    b"",
    b"\n\n",
    b"\n\n\n\n",
    b"data: x",
    BODY[:-1],
    BODY[: len(BODY) // 2],
    BODY + b"event: ping",
    BODY.replace(b"\n", b"\r\n"),
    BODY.replace(b'":"', b'": "').replace(b'","', b'", "'),
    b"\xef\xbb\xbf" + BODY,
    BODY + b"\xff\xfe\xfd",
    b"\xff",
    b"\xfe\n\n\xfe",
    b"\xfd\xfd\xfd",
    b': comment\n\ndata: {"a_delta":1}\n\n',
    b'_delta"',
    b'_delta":',
    b'_delta":"',
    b'_delta":"x',
    b'_delta":"x"}',
    b'_delta":""}\n\n_delta":""}\n\n_delta":"""}',
    b'data: {"delta":{"content":null}}\n\n' * 3,
    CHAT,
    b'x_delta","text":"' + b"long" * 100_000 + b'"}}\n\n',
    b'x_delta","text":"' + b"a" * 255 + b'"}}\n\n' + b'x_delta","text":"' + b"a" * 510 + b'"}}',
]


@pytest.mark.parametrize("known", [b"", dump(MESSAGE)], ids=["alone", "known"])
@pytest.mark.parametrize("body", [BODY, *ODD])
def test_every_byte_comes_back(body: bytes, known: bytes) -> None:
    codec, packed = streams.pack(body, known)

    assert streams.unpack(codec, packed, known) == body


@given(
    st.lists(
        st.sampled_from(
            [
                b"\n",
                b"\n\n",
                b'event: x_delta","t":"',
                b'"}',
                b"\xff",
                b"\xfe",
                b"\xfd",
                b'_delta"',
                b"a" * 254,
                b"a" * 255,
                b'"delta":{"content":"',
            ]
        )
        | st.binary(max_size=6)
    )
)
def test_any_bytes_come_back(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    columns = None if any(byte in body for byte in (b"\xff", b"\xfe", b"\xfd")) else streams._columns(body)

    assert columns is None or streams._whole(columns) == body
    codec, packed = streams.pack(body, b"known")
    assert streams.unpack(codec, packed, b"known") == body


@pytest.mark.parametrize("body", [BODY, CHAT], ids=["messages", "chat"])
def test_it_costs_next_to_nothing_beside_its_message(body: bytes) -> None:
    known = dump(streams.stands_for("/v1/chat/completions" if body is CHAT else "/v1/messages", body))
    codec, packed = streams.pack(body, known)

    assert codec == streams.COLUMNS
    assert len(packed) < len(body) / 35


def test_answers_take_two_hundred_bytes() -> None:
    talk = Conversation(thinking=300)
    sizes = []
    for _ in range(20):
        _, answer = talk.turn()
        body = stream_of(answer)
        sizes.append(len(streams.pack(body, dump(answer))[1]))
        assert streams.stands_for("/v1/messages", body) == answer
    assert sum(sizes) / len(sizes) < 260


def test_another_message_is_noticed() -> None:
    codec, packed = streams.pack(BODY, dump(MESSAGE))

    with pytest.raises(ValueError, match="damaged stream"):
        streams.unpack(codec, packed, dump(MESSAGE).replace(b"look", b"book"))


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x28\xb5\x2f\xfd\x00"])
@pytest.mark.parametrize("codec", [streams.PLAIN, streams.ZSTD, streams.COLUMNS])
def test_damage_is_named(codec: int, damage: bytes) -> None:
    with pytest.raises(ValueError, match="damaged stream"):
        streams.unpack(codec, damage, b"")


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(ValueError, match="unknown codec 77"):
        streams.unpack(77, b"", b"")


@pytest.mark.timed
def test_a_hostile_stream_costs_no_time() -> None:
    bodies = [
        b'_delta"' * 1_000_000,
        b"\n\n" * 3_000_000,
        b'x_delta","t":"a"}\n\n' * 300_000,
        b'"delta":{"content"' * 400_000,
    ]
    for body in bodies:
        begun = time.process_time()
        streams.pack(body, b"")
        assert time.process_time() - begun < 10


HEADERS = (("Content-Type", "text/event-stream; charset=utf-8"),)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(headers=HEADERS, body=BODY), True),
        (Response(headers=HEADERS, body=b""), False),
        (Response(headers=HEADERS, body=b'{"type":"message"}'), False),
        (Response(body=BODY), True),
        (Response(body=b"plain"), False),
        (Response(headers=(("content-type", "application/json"),), body=BODY), True),
        (Response(headers=(("content-type", "application/json"),), body=b"plain"), False),
    ],
)
def test_what_is_a_stream(response: Response, expected: bool) -> None:
    assert streams.is_stream(response) is expected


def test_rows_say_what_was_left_out() -> None:
    def row(body: bytes, rest: bytes | None = b"rest") -> dict[str, Any] | None:
        return streams.row(Response(headers=HEADERS, body=body, json={}), rest, b"")

    large = b"data: " + b"x" * streams.LIMIT
    assert row(GONE) == {"codec": streams.REDACTED, "size": 0, "data": None}
    assert row(large) == {"codec": streams.TOO_LARGE, "size": len(large), "data": None}
    assert row(BODY, rest=None) is None
    assert row(b"{}") is None
    kept = row(BODY)
    assert kept is not None
    assert kept["size"] == len(BODY)


def test_an_error_in_a_stream_stands_for_itself() -> None:
    error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'
    told = {"type": "error", "error": {"type": "overloaded_error"}}

    assert streams.stands_for("/v1/messages", error) == told
    assert streams.stands_for("/v1/messages", b": nothing\n\n") is None
