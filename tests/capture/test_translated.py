"""The translated lane: watched from outside, honest about errors, alive in silence."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import orjson
import pytest

from claude_lens.capture import translated
from claude_lens.capture.asgi import Receive, Scope, Send
from claude_lens.capture.inflight import UpstreamAnswer
from claude_lens.wire.sse import fold
from tests.capture.calling import BODY, Calling, call
from tests.harness import Proxy
from tests.upstream import Provider, always, error, error_after, in_order, raw, say, slow, text, tool_use

EVENT = b'event: ping\ndata: {"type":"x"}\n\n'
STREAM = [(b"content-type", b"text/event-stream")]
SSE = (("content-type", "text/event-stream"),)


class Answering:
    """An ASGI app in LiteLLM's place: sends these pieces, waits where a piece is a number of seconds."""

    def __init__(self, *pieces: bytes | float, status: int = 200, headers: Any = STREAM) -> None:
        self.pieces, self.status, self.headers = pieces, status, headers
        self.scope: Scope = {}
        self.body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.scope, self.body = scope, (await receive())["body"]
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for piece in self.pieces:
            if isinstance(piece, bytes):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            else:
                await asyncio.sleep(piece)
        await send({"type": "http.response.body", "body": b""})


def run(calling: Calling, app: Any, silence: float = 15.0) -> Calling:
    """Let ``app`` answer through the lane."""
    scope: Scope = {"type": "http", "headers": calling.flight.headers}
    asyncio.run(
        calling.run(lambda receive, send: translated.run(calling.flight, app, scope, receive, send, silence))
    )
    return calling


def test_the_request_is_replayed_under_its_own_call_id() -> None:
    app = Answering(EVENT)
    headers = [
        (b"x-claude-lens-project", b"p"),
        (b"x-litellm-call-id", b"forged"),
        (b"accept-encoding", b"gzip"),
    ]
    calling = run(call([*headers, (b"x-api-key", b"sk-lens-master")]), app)
    assert app.body == BODY
    assert app.scope["headers"] == [
        (b"x-api-key", b"sk-lens-master"),
        (b"x-litellm-call-id", calling.flight.id.encode()),
        (b"content-length", str(len(BODY)).encode()),
    ]
    assert calling.ending.status == "ok"
    assert translated.IN_FLIGHT == {}


def test_silence_is_filled_with_pings() -> None:
    calling, times = call(), list[float]()

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": STREAM})
        await send({"type": "http.response.body", "body": EVENT, "more_body": True})
        while (pings := calling.body.count(translated.PING)) < 3:
            times.extend([time.monotonic()] * (pings + 1 - len(times)))
            await asyncio.sleep(0.001)
        await send({"type": "http.response.body", "body": EVENT})

    run(calling, quiet, silence=0.2)
    assert calling.body == EVENT + translated.PING * 3 + EVENT
    assert times[2] - times[0] >= 0.39
    assert calling.ending.body == calling.body


def test_no_ping_inside_an_event() -> None:
    calling = run(call(), Answering(EVENT[:9], 0.5, EVENT[9:]), silence=0.1)
    assert calling.body == EVENT


def test_no_ping_into_what_is_no_stream() -> None:
    json = [(b"content-type", b"application/json")]
    calling = run(call(), Answering(b"{\n\n", 0.4, b"}", headers=json), silence=0.1)
    assert calling.body == b"{\n\n}"


def test_an_app_that_fails_is_recorded() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("broken\nin two lines")

    calling = call()
    with pytest.raises(RuntimeError):
        run(calling, failing)
    assert (calling.ending.status, calling.ending.error) == ("error", "RuntimeError: broken")
    assert translated.IN_FLIGHT == {}


def test_an_answer_without_its_end_is_an_error() -> None:
    async def stopping(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": STREAM})
        await send({"type": "http.response.body", "body": EVENT, "more_body": True})

    calling = run(call(), stopping)
    assert (calling.ending.status, calling.ending.body) == ("error", EVENT)


def test_litellms_word_for_a_cut_is_kept_from_the_client() -> None:
    calling = call()
    calling.flight.cut = "peer closed"
    run(calling, Answering(EVENT, b'event: error\ndata: {"type": "error"}\n\n'))
    assert calling.body == EVENT
    assert not calling.complete
    assert calling.ending.error == "the upstream cut the answer: peer closed"


def test_after_a_cut_another_deployment_may_go_on() -> None:
    calling = call()
    calling.flight.cut = "peer closed"
    run(calling, Answering(EVENT, EVENT))
    assert calling.body == EVENT * 2
    assert calling.complete


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "no such thing"}}', "no such thing"),
        (b'[{"error": {"message": "listed"}}]', "listed"),
        (b'{"message": "bare"}', "bare"),
        (b'{"error": "a word"}', "a word"),
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"", "the upstream answered 503"),
        (b"[]", "the upstream answered 503"),
        (b'{"detail": [{"msg": "field required"}]}', '{"detail": [{"msg": "field required"}]}'),
    ],
)
def test_an_error_in_another_form_becomes_a_well_made_one(body: bytes, message: str) -> None:
    calling = call()
    calling.flight.upstream = UpstreamAnswer(503, [("Retry-After", "7"), ("Set-Cookie", "a=b")], body)
    run(calling, Answering(b"LiteLLM's own words", status=500, headers=[(b"content-length", b"19")]))
    error_ = orjson.loads(calling.body)
    assert error_ == {"type": "error", "error": {"type": "api_error", "message": message}}
    assert calling.status == 503
    headers = dict(calling.sent[0]["headers"])
    assert headers[b"retry-after"] == b"7"
    assert b"set-cookie" not in headers
    assert headers[b"content-length"] == str(len(calling.body)).encode()


@pytest.mark.parametrize(
    ("kind", "named"), [(b"application/json", b"application/json"), (None, STREAM[0][1])]
)
def test_what_litellm_passes_on_keeps_the_upstreams_type(kind: bytes | None, named: bytes) -> None:
    calling = call(provider="anthropic")
    told = [("Content-Type", kind.decode())] if kind else []
    calling.flight.upstream = UpstreamAnswer(200, told)
    run(calling, Answering(b'{"type":"message"}'))
    assert dict(calling.sent[0]["headers"])[b"content-type"] == named


BEGINS = (
    b'event: content_block_start\ndata: {"index": 0, "content_block": {"type": "tool_use", "id": "c"}}\n\n'
)
ENDS = b'event: message_delta\ndata: {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}\n\n'
TOLD = ENDS.replace(b"end_turn", b"tool_use")


@pytest.mark.parametrize(
    ("provider", "pieces", "end"),
    [
        ("openai", [BEGINS, ENDS], TOLD),
        ("openai", [ENDS], ENDS),
        ("openai", [EVENT, BEGINS + ENDS], TOLD),
        ("openai", [BEGINS, ENDS.replace(b"end_turn", b"max_tokens")], b'"max_tokens"}}\n\n'),
        ("anthropic", [BEGINS, ENDS], ENDS),
    ],
)
def test_a_stream_that_calls_tools_says_so_at_its_end(provider: str, pieces: list[bytes], end: bytes) -> None:
    calling = run(call(provider=provider), Answering(*pieces))
    assert calling.body.endswith(end)
    assert calling.ending.body == calling.body


CONFIG = """\
model_list:
  - model_name: gpt-test
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "{url}/v1", api_key: sk-openai}}
  - model_name: nowhere
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "http://127.0.0.1:9/v1", api_key: sk-openai}}
  - model_name: "claude-*"
    litellm_params: {{model: "anthropic/claude-*", api_base: "{url}"}}
  - model_name: claude-refused
    litellm_params: {{model: anthropic/claude-refused, api_base: "{url}"}}
litellm_settings:
  use_chat_completions_url_for_anthropic_messages: true
  num_retries: 0
  callbacks: [callbacks.sqlite_logger.sqlite_logger]
router_settings: {{num_retries: 0, disable_cooldowns: true, fallbacks: [{{claude-refused: [gpt-test]}}]}}
general_settings: {{master_key: os.environ/LITELLM_MASTER_KEY, cancel_on_disconnect: true}}
"""


@pytest.fixture(scope="module")
def bridge(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that serves an OpenAI-format upstream, too."""
    folder = tmp_path_factory.mktemp("bridge")
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(url=provider.url), encoding="utf-8")
    with Proxy(folder / "home", provider.url, config) as running:
        yield running


ASKED = {"model": "gpt-test", "max_tokens": 99, "messages": [{"role": "user", "content": "hello there"}]}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "api_error"),
    ],
)
def test_another_providers_refusal(
    bridge: Proxy, upstream: Provider, status: int, kind: str, stream: bool
) -> None:
    upstream.play(always(error(status, "the provider's words", (("retry-after", "3"),))))
    answer = bridge.post({**ASKED, "stream": stream})
    assert answer.status_code == status
    assert answer.json() == {"type": "error", "error": {"type": kind, "message": "the provider's words"}}
    assert answer.headers["retry-after"] == "3"
    assert len(upstream.calls) == 1


def test_nothing_of_a_refusal_stays_where_another_provider_answers(bridge: Proxy, upstream: Provider) -> None:
    upstream.play(in_order(error(529, "Overloaded", (("retry-after", "3"),)), say(text("hello"))))
    session = str(uuid.uuid4())
    answer = bridge.post({**ASKED, "model": "claude-refused"}, **{"x-claude-code-session-id": session})
    assert answer.status_code == 200
    refused, answered = upstream.requests
    assert (refused.path, answered.path) == ("/v1/messages", "/v1/chat/completions")
    assert not {"retry-after", "request-id", "anthropic-organization-id"} & set(answer.headers)
    bridge.settled()
    (shown,) = bridge.show(session)["exchanges"]
    assert (shown["status"], shown["model"]["provider"]) == ("ok", "openai")
    assert not str(shown["request_id"]).startswith("req_011")


def test_another_provider_out_of_reach(bridge: Proxy) -> None:
    answer = bridge.post({**ASKED, "model": "nowhere"})
    assert answer.status_code >= 500
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["message"]


def test_another_providers_stream_comes_in_anthropics_form(bridge: Proxy, upstream: Provider) -> None:
    upstream.play(always(say(text("Let me look."), tool_use("Bash", {"command": "ls"}))))
    answer = bridge.post({**ASKED, "stream": True})
    folded = fold(answer.content)
    assert folded.complete
    assert folded.message is not None
    assert [block["type"] for block in folded.message["content"]] == ["text", "tool_use"]
    assert folded.message["content"][1]["input"] == {"command": "ls"}
    assert folded.message["stop_reason"] == "tool_use"


def test_a_provider_that_ends_calls_as_any_answer(bridge: Proxy, upstream: Provider) -> None:
    call = {"index": 0, "id": "call_1", "type": "function"}
    function = {"name": "Bash", "arguments": '{"command":"ls"}'}
    choices = [
        {"index": 0, "delta": {"tool_calls": [{**call, "function": function}]}, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": "stop"},
    ]
    chunks = [
        b"data: " + orjson.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [one]}) + b"\n\n"
        for one in choices
    ]
    upstream.play(always(raw(*chunks, b"data: [DONE]\n\n", headers=SSE)))
    folded = fold(bridge.post({**ASKED, "stream": True}).content)
    assert folded.message is not None
    assert folded.message["stop_reason"] == "tool_use"
    assert folded.message["content"][0]["input"] == {"command": "ls"}


def test_a_count_for_another_provider_is_litellms(bridge: Proxy, upstream: Provider) -> None:
    counts = []
    for words in ("hello there", "hello there " * 50):
        body = {"model": "gpt-test", "messages": [{"role": "user", "content": words}]}
        answer = bridge.post(body, "/v1/messages/count_tokens")
        assert answer.status_code == 200
        counts.append(answer.json()["input_tokens"])
    assert 0 < counts[0] < counts[1]
    assert upstream.calls == []


def test_the_official_client_reads_both_providers(bridge: Proxy, upstream: Provider) -> None:
    client = anthropic.Anthropic(base_url=bridge.url, api_key=bridge.key, max_retries=0)
    for model in ("gpt-test", "claude-opus-5-5"):
        with client.messages.stream(
            model=model, max_tokens=99, messages=[{"role": "user", "content": "hi"}]
        ) as stream:
            assert stream.get_final_text() == "hello"
    client.close()
    assert {request.path for request in upstream.requests} == {"/v1/chat/completions", "/v1/messages"}


RECORDS = {
    "cut": (raw(EVENT, 0.3, headers=SSE, ending="close"), "error"),
    "reset": (raw(EVENT, 0.3, headers=SSE, ending="reset"), "error"),
    "an error event": (error_after(say(text("hello")), 4), "error"),
    "no end": (raw(EVENT, headers=SSE), "error"),
    "refused": (error(529, "Overloaded"), "error"),
    "fine": (say(text("hello")), "ok"),
}


@pytest.mark.parametrize("name", RECORDS)
def test_what_is_recorded_in_either_lane(proxy: Proxy, upstream: Provider, lane: str, name: str) -> None:
    reply, status = RECORDS[name]
    upstream.play(always(reply))
    body = {**ASKED, "model": "claude-sonnet-4-5", "stream": True}
    session = str(uuid.uuid4())
    with contextlib.suppress(httpx.RemoteProtocolError, httpx.ReadError):
        proxy.post(body, **{"x-claude-code-session-id": session})
    proxy.settled()
    (shown,) = proxy.show(session)["exchanges"]
    assert shown["status"] == status
    assert shown["lane"] == ("transparent" if lane == "auto" else "translated")
    # Where the cut comes before LiteLLM has passed anything on, it answers with a 500 of its own.
    assert shown["http_status"] in (
        {529} if name == "refused" else {200, 500 if lane == "off" and status == "error" else 200}
    )


def test_a_client_that_leaves_is_recorded_with_what_arrived(proxy: Proxy, upstream: Provider) -> None:
    upstream.play(always(slow(say(text("hello world", pieces=4)), between=30.0, after=4)))
    session = str(uuid.uuid4())
    body = {**ASKED, "model": "claude-sonnet-4-5", "stream": True}
    headers = {"x-api-key": proxy.key, "x-claude-code-session-id": session}
    with httpx.stream("POST", proxy.url + "/v1/messages", json=body, headers=headers, timeout=20) as answer:
        for line in answer.iter_lines():
            if "content_block_delta" in line:
                break
    upstream.wait(lambda provider: any(outcome.gone for outcome in provider.outcomes), 1.5)
    proxy.settled()
    (shown,) = proxy.show(session)["exchanges"]
    assert (shown["status"], shown["http_status"]) == ("cancelled", 200)
    (whole,) = proxy.show(shown["id"])["response"]["body"]["content"]
    assert whole["type"] == "text"
    assert "hello world".startswith(whole["text"])
    assert whole["text"]


def test_the_bytes_are_let_go_at_the_end() -> None:
    calling = run(call(), Answering(EVENT))
    assert (calling.flight.body, calling.flight.chunks) == (b"", [])
    assert (calling.arrival.body, calling.ending.body) == (BODY, EVENT)
