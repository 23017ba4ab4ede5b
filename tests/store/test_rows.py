from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from claude_lens import exact
from claude_lens.exchange import Agent, Cost, Exchange, Identity, Model, Request, Response
from claude_lens.store import rows
from claude_lens.store.reading.queries import Reader
from claude_lens.store.schema import exchanges
from claude_lens.store.sink import StoreSink
from claude_lens.wire.parse import parse_object
from tests.store.conftest import Make, answer_of, body_of, message_of


def request(body: bytes) -> rows.RequestParts:
    return rows.request_parts(Request(body=body, json=parse_object(body)))


def test_the_row_fills_every_column_but_the_writers_own(make: Make) -> None:
    row = rows.exchange_row(make(body_of("a"), message_of(0)))

    assert set(row) | {"id", "session", "facts"} == set(exchanges.c.keys())


def test_facts_leave_out_what_is_not_known(make: Make) -> None:
    exchange = make(
        body_of("a"),
        agent=Agent(id="a1", description="look around", evidence="spawn"),
        cost=Cost(usd=1.0, prices={"input_cost_per_token": 1e-6}),
        adapted=("thinking",),
    )

    assert orjson.loads(rows.facts(exchange)) == {
        "description": "look around",
        "evidence": "spawn",
        "adapted": ["thinking"],
        "prices": {"input_cost_per_token": 1e-6},
    }
    assert set(orjson.loads(rows.facts(exchange))) <= set(rows.FACTS)


def test_a_request_without_a_session_belongs_to_its_day(make: Make) -> None:
    assert rows.session_key(make({}, session=None, at=1_760_000_000.0)) == "no-session-2025-10-09"
    assert rows.session_key(make({}, session="", at=1_760_000_000.0)) == "no-session-2025-10-09"
    assert rows.session_key(make({}, session="abc")) == "abc"


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b"\xff\xfe", b'{"a":', b"5"])
def test_a_body_that_is_no_object_is_kept_as_bytes(body: bytes) -> None:
    kept = request(body)

    assert kept.raw == body
    assert kept.parts is None


@pytest.mark.parametrize(
    "body", [b'{"n":1e400,"s":"\\u0001"}', b'{"n":123456789012345678901,"m":1e999}', b'{"n":1e400}']
)
def test_numbers_beyond_floats_are_kept_as_bytes(body: bytes) -> None:
    assert request(body).raw == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","messages":[{"role":"user","role":"x"}],"model":"b"}',
        b'{"a":' * 260 + b"1" + b"}" * 260,
    ],
)
def test_what_json_could_not_say_again_is_kept_as_bytes(body: bytes) -> None:
    assert request(body).raw == body
    answer = rows.response_parts(Response(body=body, json=json.loads(body)))
    assert (answer.raw, answer.rest, answer.message) == (body, None, None)


def test_a_stream_with_a_number_beyond_floats_is_kept_as_bytes() -> None:
    body = b'event: x\ndata: {"input":{"s":"\\ud800","n":1e400}}\n\n'
    kept = rows.response_parts(Response(body=body, json={"input": {"n": float("inf")}}))
    assert (kept.raw, kept.rest, kept.message) == (body, None, None)


def test_large_integers_are_not_rounded() -> None:
    body = b'{"metadata":{"n":123456789012345678901234567890}}'

    kept = request(body)

    assert kept.parts is not None
    assert exact.load(kept.parts.params) == json.loads(body)


def test_an_answer_gives_the_element_that_the_next_request_sends() -> None:
    kept = rows.response_parts(Response(body=b"event: x", json=message_of(3)))

    assert kept.message == exact.dump(answer_of(3))
    assert rows.response_json(kept.rest, kept.message) == message_of(3)
    assert list(rows.response_json(kept.rest, kept.message)) == list(message_of(3))


@pytest.mark.parametrize(
    "value",
    [
        {"type": "error", "error": {"message": "no"}},
        {"input_tokens": 5},
        {},
        {"role": "x", "content": "text"},
    ],
)
def test_other_json_answers_are_kept_whole(value: dict[str, Any]) -> None:
    kept = rows.response_parts(Response(body=orjson.dumps(value), json=value))

    assert kept.message is None
    assert rows.response_json(kept.rest, kept.message) == value


def test_an_answer_of_which_nothing_whole_arrived_is_kept_as_bytes() -> None:
    kept = rows.response_parts(Response(body=b"event: message_start\ndata: {", json=None))

    assert kept.raw == b"event: message_start\ndata: {"
    assert rows.response_json(kept.rest, kept.message) is None


def test_text_is_made_fit_for_a_database() -> None:
    assert rows.text(None) is None
    assert rows.text("plain") == "plain"
    assert rows.text("日本") == "日本"
    assert rows.text("a\ud800b") == "a?b"
    assert rows.text("a\0b") == "a\ufffdb"


def test_the_work_on_an_arrival_is_used_for_its_end(make: Make) -> None:
    arrived, ended = rows.Item(make(body_of("a"))), rows.Item(make(body_of("a"), message_of(0)))
    parts = arrived.request()

    ended.take_request(arrived)

    assert ended.request() is parts
    assert ended.size > arrived.size


def test_tool_durations_are_json(make: Make) -> None:
    row = rows.exchange_row(make({}, identity=Identity(tool_durations_ms=(("Bash", 742), ("Read", 9)))))

    assert row["tool_durations"] == '[["Bash",742],["Read",9]]'


def test_what_nests_too_deeply_is_kept_as_bytes() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"content": [deep]}

    sent = rows.request_parts(Request(body=b"sent", json={"messages": [deep]}))
    got = rows.response_parts(Response(body=b"got", json={"role": "assistant", "content": [deep]}))

    assert (sent.parts, sent.raw) == (None, b"sent")
    assert (got.message, got.rest, got.raw) == (None, None, b"got")


@pytest.mark.parametrize(("kind", "most"), rows.LONGEST_NAMES.items())
def test_only_names_that_are_too_long_are_shortened(kind: str, most: int) -> None:
    for name in ("x" * most, "é" * (most // 2)):
        assert rows.short(name, kind) == name
        assert rows.short(name + "y", kind) != rows.short(name + "z", kind)
        assert len(rows.short(name + "y", kind).encode()) <= most
        assert rows.short(name + "y", kind).startswith(name[:50])


def test_a_name_without_end_is_no_burden(make: Make, url: str) -> None:
    name = "m" * 5_000_000
    sink = StoreSink(url)
    sink.ended(make({"model": name}, message_of(0), model=Model(requested=name, routed=name)))
    sink.close()
    with Reader(url) as reader:
        assert reader.rebuild("last") == {"model": name}
        assert len(reader.exchange("last")["model"]["routed"] or "") < 5000


def test_requests_without_a_session_are_grouped_by_client_key_and_day() -> None:
    def key(client: str | None, *headers: tuple[str, str]) -> tuple[str, str | None]:
        one = Exchange(
            id="0" * 32,
            started_at=1_760_000_000.0,
            identity=Identity(client=client),
            request=Request(headers=headers),
        )
        return rows.session_key(one), rows.session_label(one)

    shown = ("Authorization", "[redacted:bearer:1a2b3c4d]")
    assert key("OpenAI/Python 1.109.1", shown) == (
        "no-session-2025-10-09-openai-python-1a2b3c4d",
        "Requests of OpenAI/Python, 2025-10-09, key 1a2b3c4d",
    )
    assert key("curl/8.4.0", ("x-api-key", "[redacted:x-api-key:1a2b3c4d]"))[0].endswith("-curl-1a2b3c4d")
    assert key(None) == ("no-session-2025-10-09", "Requests without a session, 2025-10-09")
    assert key("  \x00", shown)[0] == "no-session-2025-10-09-1a2b3c4d"
    own = Exchange(id="0" * 32, identity=Identity(session_id="abc"))
    assert (rows.session_key(own), rows.session_label(own)) == ("abc", None)


CHAT = {
    "id": "chatcmpl-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "a heron", "refusal": None}}],
}


def test_answers_of_other_apis_are_kept_whole_with_a_reading_beside() -> None:
    for told in (CHAT, CHAT | {"role": None, "content": None}, CHAT | {"role": "x", "content": "y"}):
        kept = rows.response_parts(Response(body=exact.dump(told), json=told))
        assert rows.response_json(kept.rest, kept.message) == told
        assert list(rows.response_json(kept.rest, kept.message)) == list(told)
        assert (kept.message is not None) == (told is CHAT)


def test_messages_under_another_name_are_a_chain_too() -> None:
    body = {"model": "m", "input": [{"role": "user", "content": "a heron?"}]}
    kept = rows.request_parts(Request(body=exact.dump(body), json=body), "responses")
    assert kept.parts is not None
    assert exact.load(kept.parts.params) == body
    (said,) = kept.parts.chains["messages"].values
    assert said == {"role": "user", "content": [{"type": "text", "text": "a heron?"}]}
    other = rows.request_parts(Request(body=exact.dump(body), json=body), "other")
    assert other.parts is not None
    assert not other.parts.chains
