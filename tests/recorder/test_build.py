"""Frames to exchanges, with the frames going through their own encoding as they do between the processes."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.exchange import Agent, Exchange, Usage
from claude_lens.recorder.build import complete, interrupted, running
from claude_lens.recorder.frames import Arrival, Ending, frame_of, head_of

PRICES = {
    "input_cost_per_token": 3e-06,
    "output_cost_per_token": 15e-06,
    "cache_read_input_token_cost": 3e-07,
}
BODY = {
    "model": "claude-sonnet-4-5",
    "stream": True,
    "system": [{"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cc_is_subagent=true;"}],
    "messages": [{"role": "user", "content": "hi"}],
}
ARRIVAL = Arrival(
    id="0" * 32,
    worker="w1",
    arrived_at=1_700_000_000.25,
    endpoint="/v1/messages",
    query="beta=true",
    headers=(("X-Claude-Code-Session-Id", "s-1"), ("x-api-key", "[redacted:x-api-key:00000000]")),
    lane="transparent",
    body=json.dumps(BODY).encode(),
)
START: dict[str, Any] = {
    "type": "message_start",
    "message": {
        "id": "m",
        "model": "claude-sonnet-4-5-20250929",
        "content": [],
        "usage": {"input_tokens": 1000},
    },
}
DELTA: dict[str, Any] = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn"},
    "usage": {"output_tokens": 100, "cache_read_input_tokens": 10_000},
}
STOP = {"type": "message_stop"}
OVERLOADED = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "Overloaded"},
    "request_id": "req_b",
}
SSE = ("Content-Type", "text/event-stream; charset=utf-8")
JSON = ("content-type", "application/json")


def stream(*events: dict[str, Any]) -> bytes:
    return b"".join(b"event: %s\ndata: %s\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


ENDING = Ending(
    id="0" * 32,
    status="ok",
    http_status=200,
    headers=(SSE, ("request-id", "req_a")),
    body=stream(START, DELTA, STOP),
    ttfb_ms=10.5,
    ttft_ms=20.5,
    duration_ms=30.5,
    routed_model="claude-sonnet-4-5",
    provider="anthropic",
    prices=PRICES,
)


def through_the_pipe(frame: Arrival | Ending) -> Any:
    read = frame_of(head_of(frame), frame.body)
    assert read == frame
    return read


def ended(arrival: Arrival = ARRIVAL, **changes: Any) -> Exchange:
    return complete(running(through_the_pipe(arrival)), through_the_pipe(replace(ENDING, **changes)))


def test_running_holds_the_whole_request() -> None:
    exchange = running(through_the_pipe(ARRIVAL))
    assert (exchange.id, exchange.status, exchange.response, exchange.usage) == (
        "0" * 32,
        "running",
        None,
        None,
    )
    assert (exchange.lane, exchange.worker, exchange.started_at) == ("transparent", "w1", 1_700_000_000.25)
    assert exchange.request.body == ARRIVAL.body
    assert exchange.request.json == BODY
    assert (exchange.request.headers, exchange.request.query) == (ARRIVAL.headers, "beta=true")
    assert exchange.model.requested == "claude-sonnet-4-5"
    assert exchange.identity.session_id == "s-1"
    assert exchange.identity.agent == Agent(evidence="billing")


@pytest.mark.parametrize(
    "body", [b"", b"\xff\x00", b"[1]", b'{"model": 5, "system": 3, "metadata": []}', b"{"]
)
def test_a_body_that_is_not_what_it_should_be_is_kept_as_it_is(body: bytes) -> None:
    exchange = running(replace(ARRIVAL, body=body))
    assert exchange.request.body == body
    assert exchange.model.requested is None


def test_a_secret_in_the_query_is_not_kept() -> None:
    exchange = running(replace(ARRIVAL, query="beta=true&key=recognisable-secret"))
    assert exchange.request.query.startswith("beta=true&key=[redacted:key:")


def test_a_compressed_request_is_read() -> None:
    headers = (*ARRIVAL.headers, ("Content-Encoding", "gzip"))
    exchange = running(replace(ARRIVAL, body=gzip.compress(ARRIVAL.body), headers=headers))
    assert exchange.request.json == BODY


def test_a_stream_that_ended_well() -> None:
    exchange = ended()
    assert (exchange.status, exchange.http_status, exchange.error) == ("ok", 200, None)
    assert exchange.usage == Usage(input_tokens=1000, output_tokens=100, cache_read_input_tokens=10_000)
    assert exchange.cost.usd == pytest.approx(0.003 + 0.0015 + 0.003)
    assert exchange.cost.requested_usd == exchange.cost.usd
    assert exchange.cost.prices == PRICES
    assert (exchange.stop_reason, exchange.request_id) == ("end_turn", "req_a")
    assert (exchange.ttfb_ms, exchange.ttft_ms, exchange.duration_ms) == (10.5, 20.5, 30.5)
    assert (exchange.model.requested, exchange.model.routed, exchange.model.provider) == (
        "claude-sonnet-4-5",
        "claude-sonnet-4-5",
        "anthropic",
    )
    assert exchange.response is not None
    assert exchange.response.body == ENDING.body
    assert exchange.response.json is not None
    assert exchange.response.json["stop_reason"] == "end_turn"
    assert exchange.request == running(ARRIVAL).request


def test_a_compressed_stream_is_kept_decoded() -> None:
    headers = (*ENDING.headers, ("content-encoding", "gzip"))
    exchange = ended(body=gzip.compress(ENDING.body), headers=headers)
    assert exchange.response is not None
    assert exchange.response.body == ENDING.body
    assert exchange.usage == ended().usage


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"body": stream(START, DELTA)}, "error", "the stream ended before its last event"),
        ({"body": b""}, "error", "the stream ended before its last event"),
        ({"body": stream(START, OVERLOADED)}, "error", "overloaded_error: Overloaded"),
        ({"body": stream(START), "error": "upstream cut"}, "error", "upstream cut"),
        ({"body": stream(START), "status": "cancelled"}, "cancelled", None),
        ({"body": b"", "status": "cancelled", "headers": ()}, "cancelled", None),
        ({"status": "cancelled"}, "ok", None),
        ({"status": "error", "error": "no route"}, "error", "no route"),
        (
            {"body": json.dumps(OVERLOADED).encode(), "http_status": 529, "headers": (JSON,)},
            "error",
            "overloaded_error: Overloaded",
        ),
        (
            {
                "body": json.dumps(OVERLOADED).encode(),
                "http_status": 529,
                "headers": (JSON,),
                "status": "error",
            },
            "error",
            "overloaded_error: Overloaded",
        ),
        ({"body": b"Bad\ngateway", "http_status": 502, "headers": ()}, "error", "HTTP 502: Bad gateway"),
        (
            {"body": json.dumps(OVERLOADED).encode(), "headers": (JSON,)},
            "error",
            "overloaded_error: Overloaded",
        ),
        ({"body": b"", "http_status": 307, "headers": (("location", "/x"),)}, "error", "HTTP 307"),
        ({"body": b"", "http_status": 204, "headers": ()}, "error", "HTTP 204: an empty answer"),
        ({"body": b"", "headers": (JSON,)}, "error", "HTTP 200: an empty answer"),
        (
            {"body": b"<html><title>Log in</title>", "headers": (("content-type", "text/html"),)},
            "error",
            "HTTP 200: Log in",
        ),
        ({"body": b"", "http_status": 503, "headers": ()}, "error", "HTTP 503"),
        ({"body": b"", "status": "cancelled", "headers": (JSON,)}, "cancelled", None),
    ],
)
def test_how_it_ended(changes: dict[str, Any], status: str, error: str | None) -> None:
    exchange = ended(**changes)
    assert (exchange.status, exchange.error) == (status, error)


MESSAGE = {**START["message"], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}
PLAIN = ("content-type", "text/plain")


@pytest.mark.parametrize("header", [SSE, JSON, PLAIN, ("x-other", "y")])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n\n  "])
@pytest.mark.parametrize("body", [ENDING.body, json.dumps(MESSAGE).encode()])
def test_the_bytes_tell_a_stream_from_a_whole_answer(
    body: bytes, before: bytes, header: tuple[str, str]
) -> None:
    if body is ENDING.body:
        before = before.strip(b" ")  # a blank before a field's name would be part of it
    exchange = ended(body=before + body, headers=(header,))
    assert (exchange.status, exchange.error, exchange.stop_reason) == ("ok", None, "end_turn")
    assert exchange.usage is not None


def test_a_redirect_costs_nothing() -> None:
    assert ended(body=b"", http_status=302, headers=()).cost.usd == 0.0


@pytest.mark.parametrize("endpoint", ["/v1/messages", "/v1/chat/completions"])
def test_nesting_beyond_pythons_reach_does_no_harm(endpoint: str) -> None:
    deep = b'{"a":' * 1000 + b"1" + b"}" * 1000
    event = b'{"type":"message_delta","delta":{},"usage":%b,"choices":[{"index":0,"delta":%b}]}' % (
        deep,
        deep,
    )
    done = ended(replace(ARRIVAL, endpoint=endpoint), body=(b"data: " + event + b"\n\n") * 2)
    assert done.status == "error"


def test_a_cut_stream_keeps_what_arrived() -> None:
    exchange = ended(body=stream(START) + b"event: content_bl")
    assert exchange.response is not None
    assert exchange.response.json == {**START["message"], "content": []}
    assert exchange.usage == Usage(input_tokens=1000)
    assert exchange.cost.usd == pytest.approx(0.003)


def test_an_error_keeps_the_providers_body_and_costs_nothing() -> None:
    body = json.dumps(OVERLOADED).encode()
    exchange = ended(body=body, http_status=529, headers=(JSON,))
    assert exchange.response is not None
    assert (exchange.response.body, exchange.response.json) == (body, OVERLOADED)
    assert (exchange.usage, exchange.cost.usd, exchange.request_id) == (None, 0.0, "req_b")


def test_a_token_count_has_no_usage_and_costs_nothing() -> None:
    counted = replace(ARRIVAL, endpoint="/v1/messages/count_tokens")
    exchange = ended(counted, body=b'{"input_tokens": 42}', headers=(JSON,))
    assert (exchange.status, exchange.usage, exchange.cost.usd) == ("ok", None, 0.0)
    assert exchange.response is not None
    assert exchange.response.json == {"input_tokens": 42}


def test_an_answer_at_once() -> None:
    message = {
        **START["message"],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    exchange = ended(body=json.dumps(message).encode(), headers=(JSON,))
    assert (exchange.status, exchange.stop_reason) == ("ok", "tool_use")
    assert exchange.cost.usd == pytest.approx(18e-06)


def test_chat_completions_streamed_and_not() -> None:
    chat = replace(ARRIVAL, endpoint="/v1/chat/completions")
    usage = {"prompt_tokens": 1000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 600}}
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}]}
    ]
    chunks += [
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": usage},
    ]
    body = b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks)
    expected = Usage(input_tokens=400, output_tokens=10, cache_read_input_tokens=600)
    streamed = ended(chat, body=body + b"data: [DONE]\n\n")
    assert (streamed.status, streamed.stop_reason, streamed.usage) == ("ok", "stop", expected)
    cut = ended(chat, body=body[: body.index(b"data: ", 5)])
    assert (cut.status, cut.error) == ("error", "the stream ended before its last event")
    whole = {"choices": [{"finish_reason": "length", "message": {}}], "usage": usage}
    answer = ended(chat, body=json.dumps(whole).encode(), headers=(JSON,))
    assert (answer.status, answer.stop_reason, answer.usage) == ("ok", "length", expected)


def test_cost_on_the_requested_model_beside_the_routed_one() -> None:
    cheap = {"input_cost_per_token": 0.0, "output_cost_per_token": 1e-06}
    routed = ended(routed_model="gpt-5-mini", rule="agent x", requested_prices=PRICES, prices=cheap)
    assert routed.cost.usd == pytest.approx(0.0001)
    assert routed.cost.requested_usd == pytest.approx(0.0075)
    assert (routed.model.routed, routed.model.rule) == ("gpt-5-mini", "agent x")
    assert ended(routed_model="gpt-5-mini").cost.requested_usd is None


def test_a_model_that_the_provider_chose_is_named_and_priced_as_what_it_is() -> None:
    haiku = {**START, "message": {**START["message"], "model": "claude-haiku-4-5-20251001"}}
    told = ended(requested_prices=PRICES, body=stream(haiku, DELTA, STOP))
    assert (told.model.requested, told.model.routed) == ("claude-sonnet-4-5", "claude-haiku-4-5-20251001")
    assert told.cost.usd == pytest.approx(1000 * 1e-06 + 100 * 5e-06 + 10_000 * 1e-07)
    assert told.cost.requested_usd == pytest.approx(0.0075)


def test_an_adviser_is_part_of_the_cost() -> None:
    adviser = {
        "type": "advisor_message",
        "model": "claude-haiku-4-5",
        "input_tokens": 1000,
        "output_tokens": 10,
    }
    told = ended(body=stream(START, {**DELTA, "usage": {**DELTA["usage"], "iterations": [adviser]}}, STOP))
    (part,) = told.cost.parts
    assert (part.kind, part.model) == ("advisor", "claude-haiku-4-5")
    assert part.usd == pytest.approx(0.00105)
    assert told.cost.usd == pytest.approx(0.0075 + 0.00105)
    assert told.model.routed == "claude-sonnet-4-5"


def test_unknown_prices_give_litellms_figure_or_none() -> None:
    assert ended(prices=None).cost.usd is None
    assert ended(prices=None, cost_usd=0.25).cost.usd == 0.25
    assert ended(prices={"max_tokens": 1}, cost_usd=0.25).cost.usd == 0.25
    assert ended(cost_usd=0.25).cost.usd == pytest.approx(0.0075)
    by_the_hour = {**PRICES, "off_peak_pricing": {"hours_utc": "16:30-00:30"}}
    assert ended(prices=by_the_hour, cost_usd=0.25).cost.usd == 0.25


def test_what_was_found_out_about_the_agent_overrides_the_headers() -> None:
    agent = {"name": "code-reviewer", "type": "custom", "evidence": "spawn", "parent_id": "a1", "unknown": 1}
    assert ended(agent=agent).identity.agent == Agent(
        name="code-reviewer", type="custom", evidence="spawn", parent_id="a1"
    )
    assert ended(agent={}).identity == running(ARRIVAL).identity


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"request_id": "told"}, "told"),
        ({"headers": (SSE, ("X-Request-Id", "x1"))}, "x1"),
        ({"headers": (SSE, ("X-Request-Id", "x1"), ("Request-Id", "r1"))}, "r1"),
        ({"headers": (SSE,)}, None),
    ],
)
def test_the_providers_request_id(changes: dict[str, Any], expected: str | None) -> None:
    assert ended(**changes).request_id == expected


def test_adaptations_are_kept() -> None:
    assert ended(adapted=("tool names shortened",)).adapted == ("tool names shortened",)


def test_a_crash_leaves_the_request() -> None:
    before = running(ARRIVAL)
    after = interrupted(before)
    assert after.status == "interrupted"
    assert after.error is not None
    assert replace(after, status="running", error=None) == before


@given(
    st.binary()
    | st.sampled_from([ENDING.body, stream(START), b"{}", b"[]", b'{"usage": {"input_tokens": "x"}}']),
    st.sampled_from(
        [SSE, JSON, ("content-type", ""), ("content-type", "\u00fc"), ("content-encoding", "gzip")]
    ),
    st.sampled_from(["ok", "error", "cancelled"]),
    st.sampled_from([None, 200, 400, 529]),
    st.sampled_from(["/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions", "/x"]),
)
def test_never_raises(
    body: bytes, header: tuple[str, str], status: Any, http: int | None, endpoint: str
) -> None:
    exchange = running(replace(ARRIVAL, endpoint=endpoint, body=body))
    done = complete(exchange, replace(ENDING, body=body, headers=(header,), status=status, http_status=http))
    assert done.status != "running"
    assert done.status != "ok" or done.error is None
    assert done.error is None or "\n" not in done.error
