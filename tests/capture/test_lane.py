"""The transparent lane against a real upstream: what goes there, what comes back, what is recorded."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import orjson
import pytest

from claude_lens.capture.asgi import Message
from claude_lens.capture.inflight import RawHeaders
from claude_lens.capture.lane import Lane, provider_key
from claude_lens.capture.upstream import Upstream, UpstreamClient
from claude_lens.settings import load
from tests.capture.calling import BODY, HEADERS, Calling, call
from tests.harness import free_port
from tests.upstream import Provider, always, cut_after, error, in_order, raw, say, slow, text

KEY = "sk-ant-api03-operator"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing from the developer's environment."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def forward(
    calling: Calling,
    base: str,
    *,
    key: str | None = KEY,
    leave: bool = False,
    own_server: bool = True,
    **env: str,
) -> Calling:
    """Send one request through a lane of its own."""

    async def run() -> None:
        settings = load(environ=env)
        client = UpstreamClient(settings)
        lane = Lane(client, settings, own_server=own_server)
        try:
            await calling.run(
                lambda receive, send: lane.forward(calling.flight, Upstream(base, key), receive, send),
                leave=leave,
            )
        finally:
            await client.close()

    asyncio.run(run())
    return calling


class RawUpstream:
    """Reads a whole request, answers these very bytes and hangs up; gives its base URL."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            got = b""
            while not got.endswith(BODY):
                got += connection.recv(65536)
            connection.sendall(self._answer)


def test_bytes_there_and_back(upstream: Provider) -> None:
    calling = forward(call(), upstream.url)
    (request,) = upstream.requests
    assert (request.target, request.body) == ("/v1/messages?beta=true", BODY)
    assert request.header("x-api-key") == KEY
    assert calling.status == 200
    assert calling.complete
    assert calling.arrival.body == BODY
    assert calling.ending.status == "ok"
    assert calling.ending.body == calling.body
    assert calling.ending.provider == "anthropic"
    assert b"message_stop" in calling.body


def test_times_count_from_the_arrival(upstream: Provider) -> None:
    upstream.play(always(slow(say(text("hello")), first=0.2, between=0.1, after=2)))
    ending = forward(call(), upstream.url).ending
    assert ending.ttfb_ms is not None
    assert ending.ttft_ms is not None
    assert ending.duration_ms is not None
    assert 200 <= ending.ttfb_ms < ending.ttft_ms < ending.duration_ms


def test_the_arrival_is_handed_over_before_the_answer(upstream: Provider) -> None:
    upstream.play(always(slow(say(text("hello")), first=0.3)))
    calling = call()
    seen: list[int] = []

    async def run() -> None:
        settings = load(environ={})
        client = UpstreamClient(settings)
        lane = Lane(client, settings, own_server=True)
        work = lane.forward(calling.flight, Upstream(upstream.url, KEY), calling.receive, calling.send)
        task = asyncio.ensure_future(work)
        await asyncio.sleep(0.15)
        seen.append(len(calling.frames))
        await task
        await client.close()

    asyncio.run(run())
    assert seen == [1]


LOGIN: RawHeaders = [
    (b"authorization", b"Bearer sk-ant-oat01-test"),
    (b"anthropic-beta", b"oauth-2025-04-20"),
    (b"x-litellm-api-key", b"sk-lens-master"),
    (b"x-claude-lens-project", b"%2Fhome"),
]


@pytest.mark.parametrize("endpoint", ["/v1/messages", "/v1/messages/count_tokens"])
def test_a_login_goes_through_and_no_key_of_ours(upstream: Provider, endpoint: str) -> None:
    forward(call(LOGIN, own_credential=True, endpoint=endpoint), upstream.url)
    (request,) = upstream.requests
    assert request.header("authorization") == "Bearer sk-ant-oat01-test"
    assert request.header("anthropic-beta") == "oauth-2025-04-20"
    assert {name for name, _ in request.headers} & {"x-api-key", "x-litellm-api-key"} == set()
    assert request.header("x-claude-lens-project") is None


@pytest.mark.parametrize(
    ("deployment", "environment", "header"),
    [
        ("sk-ant-api03-d", {"ANTHROPIC_API_KEY": "sk-ant-api03-e"}, (b"x-api-key", b"sk-ant-api03-d")),
        (None, {"ANTHROPIC_API_KEY": "sk-ant-api03-e"}, (b"x-api-key", b"sk-ant-api03-e")),
        (None, {"ANTHROPIC_API_KEY": "sk-ant-oat01-e"}, (b"authorization", b"Bearer sk-ant-oat01-e")),
        (None, {"ANTHROPIC_AUTH_TOKEN": "token"}, (b"authorization", b"Bearer token")),
        (None, {}, None),
    ],
)
def test_which_key_the_provider_gets(
    monkeypatch: pytest.MonkeyPatch,
    deployment: str | None,
    environment: dict[str, str],
    header: tuple[bytes, bytes] | None,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert provider_key(Upstream("http://x", deployment)) == header


def test_without_any_key_it_says_what_to_do(upstream: Provider) -> None:
    calling = forward(call(), upstream.url, key=None)
    assert calling.status == 401
    assert "ANTHROPIC_API_KEY" in orjson.loads(calling.body)["error"]["message"]
    assert (calling.ending.status, calling.ending.http_status) == ("error", 401)
    assert upstream.requests == []


def test_a_missing_version_is_set_where_configured(upstream: Provider) -> None:
    bare = [pair for pair in HEADERS if pair[0] != b"anthropic-version"]
    forward(call(bare), upstream.url, ANTHROPIC_VERSION="2023-01-01")
    forward(call(), upstream.url, ANTHROPIC_VERSION="2023-01-01")
    assert [request.header("anthropic-version") for request in upstream.requests] == [
        "2023-01-01",
        "2023-06-01",
    ]


@pytest.mark.parametrize("own_server", [True, False])
def test_date_and_server_come_from_one_side_only(upstream: Provider, own_server: bool) -> None:
    upstream.play(always(raw(b"{}", headers=(("Date", "then"), ("Server", "them"), ("X-Kept", "yes")))))
    calling = forward(call(), upstream.url, own_server=own_server)
    names = {name for name, _ in calling.sent[0]["headers"]}
    assert ({b"date", b"server"} <= names) is own_server
    assert b"x-kept" in names


def test_an_unreachable_upstream_is_a_502_that_names_it() -> None:
    port = free_port()
    calling = forward(call(), f"http://127.0.0.1:{port}")
    told = orjson.loads(calling.body)["error"]
    assert (calling.status, told["type"]) == (502, "api_error")
    assert f"127.0.0.1:{port}" in told["message"]
    assert (calling.ending.status, calling.ending.http_status) == ("error", 502)
    assert calling.ending.body == calling.body


def test_an_unknown_host_is_a_502_that_names_it() -> None:
    calling = forward(call(), "http://nowhere.invalid")
    assert calling.status == 502
    assert b"nowhere.invalid" in calling.body


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-ty", "closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "answered what is not HTTP: Bad status line"),
    ],
)
def test_what_is_no_answer_is_told_in_words(answer: bytes, told: str) -> None:
    with RawUpstream(answer) as base:
        calling = forward(call(), base)
    assert calling.status == 502
    message = orjson.loads(calling.body)["error"]["message"]
    assert message == f"claude-lens: {base.removeprefix('http://')} {told}"
    assert (calling.ending.status, calling.ending.error) == ("error", message)


def test_a_request_that_cannot_be_sent_is_an_answer_too(upstream: Provider) -> None:
    calling = forward(call([*HEADERS, (b"x-odd", b"a\x00b")]), upstream.url)
    assert (calling.status, calling.ending.status) == (502, "error")
    assert upstream.requests == []


def test_a_fault_while_answering_ends_the_exchange(upstream: Provider) -> None:
    calling = call()

    async def send(message: Message) -> None:
        raise RuntimeError("no such socket")

    async def run() -> None:
        settings = load(environ={})
        client = UpstreamClient(settings)
        lane = Lane(client, settings, own_server=True)
        with pytest.raises(RuntimeError):
            await lane.forward(calling.flight, Upstream(upstream.url, KEY), calling.receive, send)
        await client.close()

    asyncio.run(run())
    assert (calling.ending.status, calling.ending.error) == ("error", "no such socket")


def test_an_upstream_is_never_asked_whether_it_wants_the_body() -> None:
    """The whole body is here already; and an upstream that ignores the question would never be sent it."""
    with RawUpstream(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}") as base:
        calling = forward(call([*HEADERS, (b"expect", b"100-continue")]), base, READ_TIMEOUT="5")
    assert calling.status == 200


def test_an_upstream_that_never_answers_is_a_504(upstream: Provider) -> None:
    upstream.play(always(slow(say(text("late")), first=5.0)))
    calling = forward(call(), upstream.url, READ_TIMEOUT="0.3")
    assert calling.status == 504
    assert orjson.loads(calling.body)["error"]["type"] == "api_error"
    assert calling.ending.status == "error"


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_cut_stays_a_cut(upstream: Provider, how: str) -> None:
    upstream.play(always(cut_after(say(text("hello")), 4, how)))  # type: ignore[arg-type]
    calling = forward(call(), upstream.url)
    assert calling.status == 200
    assert not calling.complete
    assert calling.ending.status == "error"
    assert "cut" in (calling.ending.error or "")
    assert calling.ending.body == calling.body != b""


def test_all_that_came_before_a_cut_goes_to_the_client(upstream: Provider) -> None:
    upstream.play(always(raw(b"a" * 1000, b"b" * 1000, ending="close")))
    calling = call()

    async def run() -> None:
        settings = load(environ={})
        client = UpstreamClient(settings)
        lane = Lane(client, settings, own_server=True)

        async def send(message: Message) -> None:
            await asyncio.sleep(0.2)  # the cut comes while the client takes its time
            await calling.send(message)

        await lane.forward(calling.flight, Upstream(upstream.url, KEY), calling.receive, send)
        await client.close()

    asyncio.run(run())
    assert calling.body == b"a" * 1000 + b"b" * 1000
    assert calling.ending.body == calling.body
    assert not calling.complete


def test_silence_inside_a_stream_ends_as_a_cut(upstream: Provider) -> None:
    upstream.play(always(slow(say(text("hello")), between=5.0, after=3)))
    calling = forward(call(), upstream.url, READ_TIMEOUT="0.3")
    assert not calling.complete
    assert calling.ending.status == "error"


def test_a_client_that_leaves_stops_the_upstream_within_a_second(upstream: Provider) -> None:
    upstream.play(always(slow(say(text("hello")), between=20.0, after=3)))
    started = time.monotonic()
    calling = forward(call(), upstream.url, leave=True)
    upstream.wait(lambda provider: any(outcome.gone for outcome in provider.outcomes), 1.0)
    assert time.monotonic() - started < 2.0
    assert calling.ending.status == "cancelled"
    assert calling.ending.body == calling.body != b""


def test_a_client_that_takes_nothing_is_given_up(upstream: Provider) -> None:
    calling = call()

    async def run() -> None:
        settings = load(environ={"WRITE_TIMEOUT": "0.2"})
        client = UpstreamClient(settings)
        lane = Lane(client, settings, own_server=True)

        async def send(message: object) -> None:
            if message["type"] == "http.response.body":  # type: ignore[index]
                await asyncio.sleep(30)

        await asyncio.wait_for(
            lane.forward(calling.flight, Upstream(upstream.url, KEY), calling.receive, send), 5
        )
        await client.close()

    asyncio.run(run())
    assert (calling.ending.status, calling.ending.error) == ("cancelled", "the client took nothing for 0.2 s")


def test_refusals_are_tried_again_only_where_configured(upstream: Provider) -> None:
    upstream.play(in_order(error(529, headers=(("retry-after", "0"),)), say(text("hello"))))
    assert forward(call(), upstream.url).status == 529
    upstream.play(in_order(error(529, headers=(("retry-after", "0"),)), say(text("hello"))))
    assert forward(call(), upstream.url, ANTHROPIC_MAX_RETRIES="2").status == 200
    assert len(upstream.requests) == 2


def test_after_the_last_retry_the_refusal_stands(upstream: Provider) -> None:
    upstream.play(always(error(429, headers=(("retry-after", "0"),))))
    calling = forward(call(), upstream.url, ANTHROPIC_MAX_RETRIES="1")
    assert (calling.status, len(upstream.requests)) == (429, 2)
    assert calling.ending.status == "error"
