"""httpx itself, before the scripted provider."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from claude_lens.capture import normalised
from claude_lens.capture.inflight import InFlight
from tests.capture.calling import call
from tests.upstream import Answer, Provider, always, raw

ASKED = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
STREAM = (("content-type", "text/event-stream"), ("retry-after", "7"))
TEXT = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}\n\n'
ROLE = b'data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}\n\n'
ERROR = b'data: {"error":{"message":"Slow down","code":429}}\n\n'


def ask(upstream: Provider, body: Any = ASKED, **more: Any) -> tuple[httpx.Response | Exception, InFlight]:
    """The answer of one request, and its exchange."""
    normalised.install()
    flight = call(**{"translating": True, **more}).flight

    async def run() -> httpx.Response | Exception:
        normalised.CURRENT.set(flight)
        async with httpx.AsyncClient() as client:
            try:
                return await client.post(upstream.url + "/v1/chat/completions", json=body)
            except httpx.HTTPError as error:
                return error

    return asyncio.run(run()), flight


def test_an_answer_is_put_in_order(upstream: Provider) -> None:
    upstream.play(lambda _: raw(TEXT[:30], TEXT[30:], END, headers=STREAM))
    answer, flight = ask(upstream)
    assert isinstance(answer, httpx.Response)
    assert answer.text.endswith("data: [DONE]\n\n")
    assert (flight.answering, flight.usage_told, flight.cut) == (True, True, None)


@pytest.mark.parametrize("before", [(), (ROLE,)])
def test_an_error_before_any_word_has_its_status(before: tuple[bytes, ...], upstream: Provider) -> None:
    upstream.play(lambda _: raw(*before, ERROR, headers=STREAM))
    answer, flight = ask(upstream)
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 429
    assert answer.json()["error"]["message"] == "Slow down"
    assert flight.upstream is not None
    assert dict(flight.upstream.headers)["retry-after"] == "7"
    assert not flight.answering


def test_an_error_after_words_and_an_end_that_is_missing_break_it_off(upstream: Provider) -> None:
    upstream.play(lambda _: raw(TEXT, ERROR, headers=STREAM))
    answer, flight = ask(upstream)
    assert isinstance(answer, httpx.RemoteProtocolError)
    assert flight.problem is not None
    assert flight.problem.status == 429
    upstream.play(lambda _: raw(TEXT, headers=STREAM))
    answer, flight = ask(upstream)
    assert isinstance(answer, httpx.RemoteProtocolError)
    assert flight.cut == "the answer ended without its last event"


def test_whoever_has_said_all_may_cut_the_connection(upstream: Provider) -> None:
    upstream.play(lambda _: raw(TEXT, END, headers=STREAM, ending="close"))
    answer, flight = ask(upstream)
    assert isinstance(answer, httpx.Response)
    assert flight.cut is None
    upstream.play(lambda _: raw(TEXT, headers=STREAM, ending="close"))
    answer, flight = ask(upstream)
    assert isinstance(answer, httpx.HTTPError)
    assert flight.cut


def test_an_answer_in_one_piece_is_looked_at(upstream: Provider) -> None:
    plain = {**ASKED, "stream": False}
    upstream.play(lambda _: raw(b'{"choices":[{"message":{}}]}'))
    answer, flight = ask(upstream, plain)
    assert isinstance(answer, httpx.Response)
    assert flight.usage_told is False
    upstream.play(lambda _: raw(b'{"error":{"message":"no money","type":"insufficient_quota"}}'))
    answer, flight = ask(upstream, plain)
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 429
    upstream.play(lambda _: raw(b"busy", status=503))
    answer, flight = ask(upstream, plain)
    assert flight.upstream is not None
    assert (flight.upstream.status, flight.upstream.body) == (503, b"busy")


def test_others_are_let_be(upstream: Provider) -> None:
    upstream.play(lambda _: raw(TEXT, headers=STREAM))
    answer, flight = ask(upstream, translating=False)
    assert isinstance(answer, httpx.Response)
    assert answer.content == TEXT
    assert flight.usage_told is None


def test_a_slow_first_word_does_not_keep_the_client(
    upstream: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(normalised, "PATIENCE", 0.05)
    upstream.play(always(lambda _: Answer(200, STREAM, (b": wait\n\n", 0.5, TEXT, END))))
    answer, flight = ask(upstream)
    assert isinstance(answer, httpx.Response)
    assert b"Hi" in answer.content
    assert flight.answering


def test_thoughts_are_sent_once(upstream: Provider) -> None:
    upstream.play(lambda _: raw(TEXT, END, headers=STREAM), also=frozenset(("reasoning_content",)))
    thought = {"thinking_blocks": [{"type": "thinking"}], "reasoning_content": "hm", "content": "x"}
    ask(
        upstream, {**ASKED, "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", **thought}]}
    )
    (seen,) = upstream.calls
    assert seen.body["messages"][1] == {"role": "assistant", "reasoning_content": "hm", "content": "x"}
    assert json.loads(seen.request.body) == seen.body
