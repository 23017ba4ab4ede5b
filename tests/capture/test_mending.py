from typing import Any

from claude_lens.capture.inflight import UpstreamAnswer
from claude_lens.capture.mending import Mending
from claude_lens.normalising.problem import Problem
from tests.capture.calling import call

STREAM = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-y", b"z")]
START = {"type": "http.response.start", "status": 200, "headers": STREAM}
BEGUN = b'event: message_start\ndata: {"type": "message_start"}\n\n'
TEXT = b'event: content_block_delta\ndata: {"type": "content_block_delta"}\n\n'
OVER = b'event: message_delta\ndata: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}\n\n'
ERROR = b'event: error\ndata: {"type": "error", "error": {"message": "LiteLLM\'s words"}}\n\n'


def body(data: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def said(messages: list[Any]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


def take(mending: Mending, *given: dict[str, Any]) -> list[Any]:
    return [message for each in given for message in mending.take(each)]


def test_nothing_is_said_before_the_provider_has_answered() -> None:
    flight = call(translating=True).flight
    mending = Mending(flight)
    assert take(mending, START, body(BEGUN)) == []
    flight.answering = True
    assert said(take(mending, body(TEXT))) == BEGUN + TEXT
    assert take(mending, body(OVER), body(b"", more=False)) == [body(OVER), body(b"", more=False)]


def test_a_refusal_has_the_providers_status() -> None:
    flight = call(translating=True).flight
    mending = Mending(flight)
    assert take(mending, START, body(BEGUN)) == []
    flight.upstream = UpstreamAnswer(429, [], b"x")
    start, only = take(mending, body(ERROR), body(b"", more=False))
    assert start["status"] == 429
    assert dict(start["headers"])[b"content-type"] == b"application/json"
    assert only["more_body"] is False
    unreached = Mending(call(translating=True).flight)
    assert take(unreached, START, body(ERROR))[0]["status"] == 500


def test_a_broken_answer_has_no_end() -> None:
    flight = call(translating=True, answering=True).flight
    mending = Mending(flight)
    flight.cut = "cut"
    assert said(take(mending, START, body(TEXT + OVER), body(ERROR), body(b"", more=False))) == TEXT
    assert mending.broken


def test_the_providers_words_take_the_place_of_litellms() -> None:
    flight = call(translating=True, answering=True).flight
    mending = Mending(flight)
    flight.problem = Problem(400, "too long")
    passed = take(mending, START, body(TEXT), body(ERROR), body(OVER), body(b"", more=False))
    assert b"too long" in said(passed)
    assert b"LiteLLM" not in said(passed)
    assert b"message_delta" not in said(passed)
    assert passed[-1]["more_body"] is False


def test_a_refusal_of_the_model_is_told() -> None:
    flight = call(translating=True, answering=True, refused=True).flight
    assert b'"stop_reason": "refusal"' in said(take(Mending(flight), START, body(OVER)))


def test_an_answer_in_one_piece_is_signed() -> None:
    flight = call(translating=True, maker="openai/m").flight
    message = b'{"content": [{"type": "thinking", "thinking": "hm", "signature": ""}]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(message))]
    given = ({**START, "headers": headers}, body(message[:9]), body(message[9:], more=False))
    start, only = take(Mending(flight), *given)
    assert b"claude-lens:openai/m" in only["body"]
    assert dict(start["headers"])[b"content-length"] == b"%d" % len(only["body"])


def test_our_own_answer_instead() -> None:
    for ours, kind in ((b'{"type":"message"}', b"application/json"), (b"event: x\n\n", b"text/event-stream")):
        mending = Mending(call(translating=True, instead=ours).flight)
        start, only = take(mending, {**START, "status": 400}, body(b"LiteLLM's", more=False))
        assert (start["status"], only["body"], dict(start["headers"])[b"content-type"]) == (200, ours, kind)
